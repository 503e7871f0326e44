// SPDX-License-Identifier: GPL-2.0
/*
 * What the machine does under isolated drivers: it would sleep, and it goes on under
 * a backend that knows them no more.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/suspend.h>

#include <chariot/hypercall.h>
#include "world.h"

/* How long it may take until chariot knows that it is forgotten, and has mended it. */
#define NOTICE_MS	20000
#define OBJECTS		6000

/* What the kernel asks before it sleeps; a reference is held to the test's end. */
static struct device *sleeper_of(struct kunit *test)
{
	struct device *dev = bus_find_device_by_name(&platform_bus_type, NULL,
						     "chariot");

	KUNIT_ASSERT_NOT_NULL(test, dev);
	KUNIT_ASSERT_NOT_NULL(test, dev->driver);
	KUNIT_ASSERT_NOT_NULL(test, dev->driver->pm);
	return dev;
}

static void expect_sleep(struct kunit *test, suspend_state_t state, int suspend,
			 int freeze)
{
	struct device *dev = sleeper_of(test);
	const struct dev_pm_ops *pm = dev->driver->pm;
	suspend_state_t before = pm_suspend_target_state;

	pm_suspend_target_state = state;
	KUNIT_EXPECT_EQ(test, suspend, pm->suspend(dev));
	pm_suspend_target_state = before;
	KUNIT_EXPECT_EQ(test, freeze, pm->freeze(dev));
	put_device(dev);
}

static void test_sleep(struct kunit *test)
{
	expect_sleep(test, PM_SUSPEND_MEM, 0, 0);
	world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_PAGE);
	expect_sleep(test, PM_SUSPEND_MEM, -EBUSY, -EBUSY);
	/* Processors are not reset there, and views stay. */
	expect_sleep(test, PM_SUSPEND_TO_IDLE, 0, -EBUSY);
	KUNIT_EXPECT_EQ(test, 0, world_unload());
	expect_sleep(test, PM_SUSPEND_MEM, 0, 0);
}

/*
 * The backend begins anew under a loaded driver, and nobody says so. Chariot looks once
 * a second, so on a busy machine it may know already.
 */
static void forget(struct kunit *test)
{
	chariot_fake_stop();
	world_backend(test);
}

static bool is_isolated(u32 domain)
{
	return !READ_ONCE(chariot_backend_errno) &&
	       chariot_fake_write(domain, 0, 1, NULL) != -ENOENT;
}

static bool isolated_in_time(u32 domain)
{
	unsigned long end = jiffies + msecs_to_jiffies(NOTICE_MS);

	while (!is_isolated(domain) && time_before(jiffies, end))
		msleep(50);
	return is_isolated(domain);
}

/* What the driver may write by the backend's word. */
static bool may(struct world_driver w, const void *va, size_t size)
{
	enum chariot_verdict verdict = CHARIOT_VERDICT_STOP;

	chariot_fake_write(w.chariot->domain, chariot_virt_to_phys(va), size, &verdict);
	return verdict == CHARIOT_VERDICT_ALLOW || verdict == CHARIOT_VERDICT_EMULATE;
}

struct things {
	void *before;	/* the driver's, from before the loss */
	void *during;	/* from after it */
	void *freed;	/* after it */
	void *kernels;
};

static struct things prepare(struct kunit *test, struct world_driver w)
{
	struct things t = {
		.before = w.calls->families[0].get(64),
		.freed = w.calls->families[0].get(PAGE_SIZE),
		.kernels = kzalloc(64, GFP_KERNEL),
	};

	KUNIT_ASSERT_NOT_NULL(test, t.before);
	KUNIT_ASSERT_NOT_NULL(test, t.freed);
	KUNIT_ASSERT_NOT_NULL(test, t.kernels);
	KUNIT_EXPECT_TRUE(test, may(w, t.before, 64));
	KUNIT_EXPECT_FALSE(test, may(w, t.kernels, 8));
	return t;
}

/* Taking and giving back memory goes on meanwhile, here to the byte. */
static void go_on(struct kunit *test, struct world_driver w, struct things *t)
{
	t->during = w.calls->families[0].get(PAGE_SIZE);
	KUNIT_EXPECT_NOT_NULL(test, t->during);
	w.calls->families[0].put(t->freed, PAGE_SIZE);
}

static void expect_as_before(struct kunit *test, struct world_driver w, struct things *t)
{
	KUNIT_EXPECT_TRUE(test, may(w, t->before, 64));
	KUNIT_EXPECT_TRUE(test, may(w, t->during, PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, may(w, t->freed, 8));
	KUNIT_EXPECT_FALSE(test, may(w, t->kernels, 8));
	KUNIT_EXPECT_TRUE(test, world_writable(test, w.chariot, t->before, 64));
	w.calls->families[0].put(t->before, 64);
	w.calls->families[0].put(t->during, PAGE_SIZE);
	KUNIT_EXPECT_FALSE(test, may(w, t->before, 8));
	kfree(t->kernels);
}

static void test_forgotten(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_BYTE);
	struct things t = prepare(test, w);

	forget(test);
	go_on(test, w, &t);
	KUNIT_EXPECT_TRUE(test, isolated_in_time(w.chariot->domain));
	expect_as_before(test, w, &t);
	KUNIT_EXPECT_EQ(test, 0, world_unload());
	world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_PAGE);
}

/* The driver's domain is not the first one, and none other is left behind. */
static void test_forgotten_number(struct kunit *test)
{
	struct chariot_domain_create *other = kzalloc(sizeof(*other), GFP_KERNEL);
	struct world_driver w;
	struct things t;

	KUNIT_ASSERT_NOT_NULL(test, other);
	strscpy(other->name, "other", sizeof(other->name));
	KUNIT_ASSERT_EQ(test, 0l, chariot_hv_domain_create(__pa(other)));
	w = world_load(test, CHARIOT_MODE_AUDIT, CHARIOT_HEAP_BYTE);
	KUNIT_EXPECT_EQ(test, other->domain + 1, w.chariot->domain);
	t = prepare(test, w);
	forget(test);
	go_on(test, w, &t);
	KUNIT_EXPECT_TRUE(test, isolated_in_time(w.chariot->domain));
	KUNIT_EXPECT_EQ(test, -ENOENT, chariot_fake_write(other->domain, 0, 1, NULL));
	expect_as_before(test, w, &t);
	kfree(other);
}

/* Many more regions than one call tells, all of them to the byte; some freed again. */
static void test_forgotten_many(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_BYTE);
	void **object = kunit_kcalloc(test, OBJECTS, sizeof(*object), GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, object);
	for (i = 0; i < OBJECTS; i++)
		object[i] = w.calls->families[0].get(40);
	forget(test);
	for (i = 0; i < OBJECTS; i += 3)
		w.calls->families[0].put(object[i], 40);
	KUNIT_EXPECT_TRUE(test, isolated_in_time(w.chariot->domain));
	world_expect_agreed(test, w.chariot);
	for (i = 0; i < OBJECTS; i++) {
		KUNIT_EXPECT_EQ_MSG(test, !!(i % 3), may(w, object[i], 40), "object %zu", i);
		KUNIT_EXPECT_FALSE_MSG(test, may(w, object[i] + 40, 8), "object %zu", i);
		if (i % 3)
			w.calls->families[0].put(object[i], 40);
	}
	world_expect_agreed(test, w.chariot);
}

/* Whatever call fails: nothing is isolated by halves, and it is tried again. */
static void test_forgotten_failing(struct kunit *test)
{
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_BYTE);
	struct things t = prepare(test, w);
	u64 calls;
	u32 n;

	forget(test);
	KUNIT_ASSERT_TRUE(test, isolated_in_time(w.chariot->domain));
	calls = chariot_fake_calls();
	KUNIT_EXPECT_GT(test, calls, 5ull);
	for (n = 1; n <= calls; n++) {
		forget(test);
		chariot_fake_knobs.fail_call = n;
		chariot_fake_knobs.fail_error = -EIO;
		WRITE_ONCE(chariot_backend_errno, -ENODEV);
		if (chariot_reconnect())
			KUNIT_EXPECT_EQ_MSG(test, -ENOENT,
					    chariot_fake_write(w.chariot->domain, 0, 1, NULL),
					    "call %u", n);
		KUNIT_EXPECT_TRUE_MSG(test, isolated_in_time(w.chariot->domain), "call %u", n);
		KUNIT_EXPECT_TRUE_MSG(test, may(w, t.before, 64), "call %u", n);
		KUNIT_EXPECT_FALSE_MSG(test, may(w, t.kernels, 8), "call %u", n);
	}
	/* Chariot may have done with fewer calls. */
	chariot_fake_knobs.fail_call = 0;
	go_on(test, w, &t);
	expect_as_before(test, w, &t);
}

static bool refused_in_time(void)
{
	unsigned long end = jiffies + msecs_to_jiffies(NOTICE_MS);

	while (!READ_ONCE(chariot_backend_errno) && time_before(jiffies, end))
		msleep(50);
	return chariot_backend_errno;
}

/* One that is not there, or can do less: then nothing more is isolated, until it can. */
static void test_not_taken_back(struct kunit *test)
{
	const struct world_load load = { .mode = CHARIOT_MODE_ENFORCE };
	struct world_driver w = world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_BYTE);
	struct things t = prepare(test, w);
	u32 domain = w.chariot->domain;

	chariot_fake_stop();
	world_backend(test);
	chariot_fake_knobs.absent = true;
	KUNIT_EXPECT_TRUE(test, refused_in_time());
	go_on(test, w, &t);
	chariot_fake_knobs.features = CHARIOT_F_ENFORCE;
	chariot_fake_knobs.absent = false;
	KUNIT_EXPECT_EQ(test, -EPROTO, chariot_reconnect());
	KUNIT_EXPECT_FALSE(test, is_isolated(domain));
	forget(test);
	KUNIT_EXPECT_TRUE(test, isolated_in_time(domain));
	expect_as_before(test, w, &t);

	/* With no driver left, too. */
	chariot_fake_knobs.absent = true;
	KUNIT_EXPECT_TRUE(test, refused_in_time());
	KUNIT_EXPECT_EQ(test, 0, world_unload());
	KUNIT_EXPECT_EQ(test, -ENODEV, world_try_load(&load));
	chariot_fake_knobs.absent = false;
	KUNIT_EXPECT_EQ(test, 0, chariot_reconnect());
	world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_PAGE);
}

/* Waking is when it is most likely: nothing may run before it is known. */
static void test_woken(struct kunit *test)
{
	struct device *dev = sleeper_of(test);
	const struct dev_pm_ops *pm = dev->driver->pm;
	struct world_driver w;

	KUNIT_EXPECT_EQ(test, 0, pm->resume(dev));
	KUNIT_EXPECT_EQ(test, 0, chariot_backend_errno);
	w = world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_PAGE);
	forget(test);
	KUNIT_EXPECT_EQ(test, 0, pm->resume(dev));
	KUNIT_EXPECT_TRUE(test, is_isolated(w.chariot->domain));
	put_device(dev);
}

static void test_gone(struct kunit *test)
{
	struct device *dev;

	chariot_stop();
	dev = bus_find_device_by_name(&platform_bus_type, NULL, "chariot");
	KUNIT_EXPECT_NULL(test, dev);
	put_device(dev);
	KUNIT_ASSERT_EQ(test, 0, chariot_start());
}

static struct kunit_case machine_cases[] = {
	KUNIT_CASE(test_sleep),
	KUNIT_CASE(test_forgotten),
	KUNIT_CASE(test_forgotten_number),
	KUNIT_CASE(test_forgotten_many),
	KUNIT_CASE(test_forgotten_failing),
	KUNIT_CASE(test_not_taken_back),
	KUNIT_CASE(test_woken),
	KUNIT_CASE(test_gone),
	{ }
};

struct kunit_suite guest_machine_suite = {
	.name = "chariot_guest_machine",
	.init = world_init,
	.exit = world_exit,
	.test_cases = machine_cases,
};
