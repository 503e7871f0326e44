// SPDX-License-Identifier: GPL-2.0-only
/* Memory that must not change. Runs in the guest's kernel, trusted. */

#include <linux/string.h>

#include "private.h"

#define MAX_WATCHES 1024

struct watch {
	u8 *memory;
	u8 *mend;
	size_t size;
	unsigned long cookie;
	void (*release)(void *memory, unsigned long cookie);
	u8 copy[WATCH_COPY];	/* of foreign memory; owned memory is filled */
};

static struct watch watches[MAX_WATCHES];
static unsigned int nr_watches;

static u8 expected(const struct watch *w, size_t offset)
{
	return w->release ? PLAYGROUND_FILL : w->copy[offset];
}

bool watch_owned(void *memory, size_t size, unsigned long cookie,
		 void (*release)(void *memory, unsigned long cookie))
{
	if (nr_watches == MAX_WATCHES) {
		release(memory, cookie);
		return false;
	}
	memset(memory, PLAYGROUND_FILL, size);
	watches[nr_watches++] = (struct watch){
		.memory = memory,
		.mend = memory,
		.size = size,
		.cookie = cookie,
		.release = release,
	};
	return true;
}

bool watch_foreign(void *memory, void *mend, size_t size)
{
	struct watch *w = &watches[nr_watches];

	if (nr_watches == MAX_WATCHES || size > WATCH_COPY)
		return false;
	*w = (struct watch){ .memory = memory, .mend = mend, .size = size };
	memcpy(w->copy, memory, size);
	nr_watches++;
	return true;
}

bool watch_has(unsigned long address)
{
	unsigned int i;

	for (i = 0; i < nr_watches; i++)
		if ((unsigned long)watches[i].memory == address)
			return true;
	return false;
}

static void tell_one(struct seq_file *out, const struct watch *w)
{
	size_t first = w->size, last = 0, i;

	for (i = 0; i < w->size; i++) {
		if (READ_ONCE(w->memory[i]) == expected(w, i))
			continue;
		if (first == w->size)
			first = i;
		last = i;
	}
	if (first == w->size)
		return;
	seq_printf(out, "changed 0x%lx size %zu was",
		   (unsigned long)w->memory + first, last - first + 1);
	for (i = first; i <= last && i < first + 16; i++)
		seq_printf(out, " %02x", expected(w, i));
	seq_puts(out, " is");
	for (i = first; i <= last && i < first + 16; i++)
		seq_printf(out, " %02x", READ_ONCE(w->memory[i]));
	seq_putc(out, '\n');
}

void watch_tell(struct seq_file *out)
{
	unsigned int i;

	for (i = 0; i < nr_watches; i++)
		tell_one(out, &watches[i]);
	if (!nr_watches)
		seq_puts(out, "nothing armed\n");
	else if (!seq_has_overflowed(out) && !out->count)
		seq_puts(out, "intact\n");
}

void watch_reset(void)
{
	while (nr_watches) {
		struct watch *w = &watches[--nr_watches];
		size_t i;

		if (w->release) {
			w->release(w->memory, w->cookie);
			continue;
		}
		for (i = 0; i < w->size; i++)
			if (READ_ONCE(w->memory[i]) != w->copy[i])
				WRITE_ONCE(w->mend[i], w->copy[i]);
	}
}
