// SPDX-License-Identifier: GPL-2.0
/*
 * A driver is loaded under chariot: what its imports are bound to, which of its
 * memory it may write, and how all of that ends.
 */
#include <linux/io.h>
#include <linux/kallsyms.h>
#include <linux/module.h>

#include <chariot/hypercall.h>
#include "alloc.h"
#include "world.h"

#define NO_DEVICE	0xfed40000	/* between those of the chipset's: writes go nowhere */
#define VGA		0xa0000

static void test_start_stop(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, chariot_backend_errno);
	KUNIT_EXPECT_STREQ(test, "fake", chariot_backend.backend);
	KUNIT_EXPECT_STREQ(test, "fake", chariot_hv_name());
	chariot_stop();
	KUNIT_EXPECT_EQ(test, 0, chariot_start());
}

/* Without a backend it starts, says so, and arms nobody. */
static void test_no_backend(struct kunit *test)
{
	const struct world_load load = { };

	chariot_stop();
	chariot_fake_knobs.absent = true;
	KUNIT_EXPECT_EQ(test, 0, chariot_start());
	KUNIT_EXPECT_NE(test, 0, chariot_backend_errno);
	KUNIT_EXPECT_EQ(test, -ENODEV, world_try_load(&load));
	KUNIT_EXPECT_FALSE(test, world_loaded());
	chariot_stop();
	chariot_fake_knobs.absent = false;
	KUNIT_EXPECT_EQ(test, 0, chariot_start());
	KUNIT_EXPECT_EQ(test, 0, chariot_backend_errno);
}

static void test_sections(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_PAGE);
	struct chariot_driver *d = w.chariot;
	int cpu;

	KUNIT_EXPECT_EQ(test, CHARIOT_LIVE, d->state);
	KUNIT_EXPECT_TRUE(test, world_writable(test, d, w.calls->data, sizeof(int)));
	KUNIT_EXPECT_FALSE(test, world_writable(test, d, w.calls->text, 1));
	KUNIT_EXPECT_FALSE(test, world_writable(test, d, w.calls->rodata, 1));
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_TRUE(test, world_writable(test, d,
				  per_cpu_ptr(w.calls->percpu, cpu), sizeof(long)));
	/* And nobody else's. */
	KUNIT_EXPECT_FALSE(test, world_writable(test, d, &chariot_drivers,
						sizeof(chariot_drivers)));
	KUNIT_EXPECT_FALSE(test, world_writable(test, d, test, sizeof(*test)));
	KUNIT_EXPECT_FALSE(test, world_writable(test, d, THIS_MODULE, 8));
	KUNIT_EXPECT_FALSE(test, world_writable(test, d, current, sizeof(long)));
	world_expect_agreed(test, d);
}

static void test_finds(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_PAGE);
	struct chariot_driver *d = w.chariot;

	KUNIT_EXPECT_PTR_EQ(test, d, chariot_driver_by_domain(d->domain));
	KUNIT_EXPECT_PTR_EQ(test, d, chariot_driver_by_module(d->mod));
	KUNIT_EXPECT_PTR_EQ(test, d, chariot_driver_by_address(
			    (unsigned long)w.calls->text));
	KUNIT_EXPECT_PTR_EQ(test, d, chariot_driver_by_address(
			    (unsigned long)chariot_leaf_page(d->domain)));
	KUNIT_EXPECT_TRUE(test, chariot_module_text_contains(d->mod,
			  (unsigned long)w.calls->text));
	KUNIT_EXPECT_FALSE(test, chariot_module_text_contains(d->mod,
			   (unsigned long)w.calls->data));
	KUNIT_EXPECT_NULL(test, chariot_driver_by_domain(d->domain + 1));
	KUNIT_EXPECT_NULL(test, chariot_driver_by_address((unsigned long)test));
	KUNIT_EXPECT_NULL(test, chariot_driver_by_module(THIS_MODULE));
}

/* The driver's own calls land in chariot's wrappers and leaf code. */
static void test_redirected(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_BYTE);
	struct chariot_driver *d = w.chariot;
	enum chariot_import_class class;
	char *p = w.calls->families[0].get(64);
	char *others = kunit_kzalloc(test, 64, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_NOT_NULL(test, others);
	KUNIT_EXPECT_GT(test, d->imports_bound, 30u);
	KUNIT_EXPECT_GT(test, d->imports_total, d->imports_bound);
	/* A leaf: no write is judged but by the hardware. */
	KUNIT_EXPECT_PTR_EQ(test, p, (char *)w.calls->set(p, 7, 64));
	KUNIT_EXPECT_EQ(test, 7, p[63]);
	/* Wrappers judge what they would write: the driver's may be written, */
	KUNIT_EXPECT_EQ(test, 0L, w.calls->copy(p, "driver", 7));
	KUNIT_EXPECT_STREQ(test, "driver", p);
	KUNIT_EXPECT_EQ(test, 17L, w.calls->print(p, 64, 42));
	KUNIT_EXPECT_STREQ(test, "value 42, 1 2 3 4", p);
	KUNIT_EXPECT_EQ(test, 0ll, (long long)atomic64_read(&d->violations));
	/* the test's may not. */
	w.calls->copy(others, "driver", 7);
	KUNIT_EXPECT_STREQ(test, others, "");
	KUNIT_EXPECT_EQ(test, 1ll, (long long)atomic64_read(&d->violations));
	w.calls->print(others, 64, 42);
	KUNIT_EXPECT_STREQ(test, others, "");
	KUNIT_EXPECT_EQ(test, 2ll, (long long)atomic64_read(&d->violations));
	w.calls->families[0].put(p, 64);

	KUNIT_EXPECT_NE(test, 0ul, chariot_import_target(d, "kfree", &class));
	KUNIT_EXPECT_EQ(test, CHARIOT_IMPORT_WRAPPER, class);
	KUNIT_EXPECT_NE(test, 0ul, chariot_import_target(d, "memset", &class));
	KUNIT_EXPECT_EQ(test, CHARIOT_IMPORT_LEAF, class);
	KUNIT_EXPECT_NE(test, 0ul, chariot_import_target(d, "snprintf", &class));
	KUNIT_EXPECT_EQ(test, CHARIOT_IMPORT_VARARGS, class);
	KUNIT_EXPECT_EQ(test, 0ul, chariot_import_target(d, "no_such", &class));
	KUNIT_EXPECT_EQ(test, CHARIOT_IMPORT_PLAIN, class);
}

/* Each writes where the driver may, and nowhere else. */
static void test_copies(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_BYTE);
	const struct kunit_copy *c = w.calls->copies;
	char *others = kunit_kzalloc(test, 64, GFP_KERNEL);
	char *own = w.calls->families[0].get(64);
	s64 stopped = 0;
	bool memory;

	KUNIT_ASSERT_NOT_NULL(test, others);
	KUNIT_ASSERT_NOT_NULL(test, own);
	memory = world_use_memory();
	for (; c < w.calls->copies + w.calls->nr_copies; c++) {
		memset(own, 0, 64);
		memset(others, 0, 64);
		c->call(own);
		KUNIT_EXPECT_NOT_NULL_MSG(test, memchr_inv(own, 0, 64), "%s", c->name);
		KUNIT_EXPECT_EQ_MSG(test, stopped,
				    (s64)(atomic64_read(&w.chariot->violations) +
					  atomic64_read(&w.chariot->repeats)),
				    "%s", c->name);
		c->call(others);
		KUNIT_EXPECT_NULL_MSG(test, memchr_inv(others, 0, 64), "%s", c->name);
		KUNIT_EXPECT_EQ_MSG(test, ++stopped,
				    (s64)(atomic64_read(&w.chariot->violations) +
					  atomic64_read(&w.chariot->repeats)),
				    "%s", c->name);
	}
	world_leave_memory(memory);
	w.calls->families[0].put(own, 64);
}

/* Device memory is not RAM: the hardware lets drivers write it, and so do the wrappers. */
static void test_device_memory(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE,
					   CHARIOT_HEAP_PAGE);
	const phys_addr_t places[] = { NO_DEVICE, VGA };
	void __iomem *device;
	int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		device = ioremap(places[i], PAGE_SIZE);
		KUNIT_ASSERT_NOT_NULL(test, device);
		KUNIT_EXPECT_EQ(test, 0L, w.calls->copy((__force void *)device, "driver", 7));
		iounmap(device);
	}
	KUNIT_EXPECT_EQ(test, 0ll, (long long)atomic64_read(&w.chariot->violations));
}

/* In audit mode what is not the driver's is written, and reported. */
static void test_audit(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_AUDIT,
					   CHARIOT_HEAP_PAGE);
	char *others = kunit_kzalloc(test, 64, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, others);
	KUNIT_EXPECT_EQ(test, 0L, w.calls->copy(others, "driver", 7));
	KUNIT_EXPECT_STREQ(test, "driver", others);
	KUNIT_EXPECT_EQ(test, 1ll, (long long)atomic64_read(&w.chariot->violations));
}

static void test_unload(struct kunit *test)
{
	const struct world_load again = { .mode = CHARIOT_MODE_ENFORCE };
	u64 instance;

	instance = world_load(test, CHARIOT_MODE_ENFORCE,
			      CHARIOT_HEAP_PAGE).chariot->instance;
	KUNIT_EXPECT_EQ(test, 0, world_unload());
	world_expect_empty(test);
	KUNIT_EXPECT_EQ(test, 0, world_try_load(&again));
	KUNIT_EXPECT_EQ(test, instance + 1, world_driver().chariot->instance);
}

/* A driver that nobody isolates is none of chariot's business. */
static void test_unarmed(struct kunit *test)
{
	const struct world_load load = { .unarmed = true };
	u64 calls = chariot_fake_calls();
	struct world_driver w;

	KUNIT_ASSERT_EQ(test, 0, world_try_load(&load));
	w = world_driver();
	KUNIT_EXPECT_NULL(test, w.chariot);
	KUNIT_ASSERT_NOT_NULL(test, w.calls);
	KUNIT_EXPECT_EQ(test, calls, chariot_fake_calls());
	KUNIT_EXPECT_EQ(test, 0, world_unload());
}

/* What ends with an error, and leaves nothing. */
struct refusal_row {
	const char *name;
	struct world_load load;
	int want;
};

static const struct refusal_row refusal_rows[] = {
	{ "init fails at once", { .fail = 1 }, -ENODEV },
	{ "init fails at its end", { .fail = 2 }, -EIO },
	{ "another module's name", { .name = "other" }, -ECANCELED },
	{ "no mode", { .mode = CHARIOT_MODE_COUNT }, -EINVAL },
	{ "no heap", { .heap = CHARIOT_HEAP_COUNT }, -EINVAL },
	{ "no name", { .name = "" }, -EINVAL },
};

static void refusal_desc(const struct refusal_row *row, char *desc)
{
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(refusal, refusal_rows, refusal_desc);

static void test_refused(struct kunit *test)
{
	const struct refusal_row *row = test->param_value;

	KUNIT_EXPECT_EQ(test, row->want, world_try_load(&row->load));
	world_expect_empty(test);
}

static void test_armed(struct kunit *test)
{
	struct chariot_arm arm = { .name = DRIVER_NAME };

	world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_PAGE);
	KUNIT_EXPECT_EQ(test, -EEXIST, chariot_arm(&arm));
	KUNIT_EXPECT_EQ(test, 0, world_unload());
	KUNIT_EXPECT_EQ(test, 0, chariot_arm(&arm));
	strscpy(arm.name, "other_driver", sizeof(arm.name));
	KUNIT_EXPECT_EQ(test, -EBUSY, chariot_arm(&arm));
	chariot_disarm(current);
	world_expect_empty(test);
	/* And with nobody armed it does nothing. */
	chariot_disarm(current);
	KUNIT_EXPECT_EQ(test, -ENOENT, chariot_arm_plan(NULL));
}

/* As many as the backend has domains. */
static void test_no_domain(struct kunit *test)
{
	const struct world_load load = { };

	chariot_fake_knobs.max_domains = 0;
	KUNIT_EXPECT_EQ(test, -ENOSPC, world_try_load(&load));
	world_expect_empty(test);
}

static struct kunit_case load_cases[] = {
	KUNIT_CASE(test_start_stop),
	KUNIT_CASE(test_no_backend),
	KUNIT_CASE(test_sections),
	KUNIT_CASE(test_finds),
	KUNIT_CASE(test_redirected),
	KUNIT_CASE(test_copies),
	KUNIT_CASE(test_device_memory),
	KUNIT_CASE(test_audit),
	KUNIT_CASE(test_unload),
	KUNIT_CASE(test_unarmed),
	KUNIT_CASE_PARAM(test_refused, refusal_gen_params),
	KUNIT_CASE(test_armed),
	KUNIT_CASE(test_no_domain),
	{ }
};

struct kunit_suite guest_load_suite = {
	.name = "chariot_guest_load",
	.init = world_init,
	.exit = world_exit,
	.test_cases = load_cases,
};
