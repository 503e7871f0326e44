// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module file for tests, never loaded: with debug information, but without BTF.
 * list, child and object are those of sample_types.c.
 */
static const char info[] __attribute__((section(".modinfo"), used)) =
	"license=GPL\0name=handed\0vermagic=0.0.0-test ";

struct module_start {
	int state;
	void *list[2];
	char name[56];
} this_module __attribute__((section(".gnu.linkonce.this_module"))) = {
	.name = "handed",
};

struct list {
	struct list *next, *prev;
};

struct object;
struct child {
	struct object *parent;
	int flags : 3;
};

struct private {
	struct list list;
	const struct child *constant;
	struct child *kids[2][2];
	union {
		struct private *other;
		unsigned long number;
	};
	void (*function)(struct private *private);
	struct secret {
		struct private *owner;
		int count;
	} *secret;
	int bits : 3;
};

typedef struct {
	struct child *child;
} unnamed_t;

typedef struct { unsigned int value; } id_t;
struct wide { long one, two, three; };

/* Not inlined, and not thought the same: each does something else. */
int by_private(struct private *private, const struct object *object, id_t id,
	       volatile struct child *child);
int by_private(struct private *private, const struct object *object, id_t id,
	       volatile struct child *child)
{
	child->flags = private->bits + id.value + (object != 0);
	return 0;
}

static void by_typedef(unnamed_t *unnamed, struct wide wide, struct child *child)
{
	child->flags = wide.two;
	unnamed->child = child;
}

static struct object *keep(struct object **object, void *data)
{
	return data ? *object : 0;
}

static int fill(struct object *object, char *buffer, unsigned int maxlen)
{
	return object && maxlen ? (buffer[0] = 1) : 0;
}

static int parse(unsigned int argc, char **argv, unsigned char *byte, int other)
{
	return argc ? (argv[0][0] = *byte = other) : 0;
}

struct object { char bytes[64]; };

void *const handlers[] __attribute__((used)) = { by_private, by_typedef, keep, fill, parse };
