// SPDX-License-Identifier: GPL-2.0
/*
 * What the machine does under isolated drivers: it would sleep, and it goes on under
 * a backend that knows them no more.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/platform_device.h>
#include <linux/suspend.h>

#include "world.h"

/* How long it may take until chariot knows that it is forgotten. */
#define NOTICE_MS	10000

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
static bool forget(struct kunit *test)
{
	world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_PAGE);
	chariot_fake_stop();
	world_backend(test);
	return !chariot_backend_errno;
}

/* Drivers go, and chariot with them; then both are as good as new. */
static void begin_anew(struct kunit *test)
{
	const struct world_load load = { .mode = CHARIOT_MODE_ENFORCE };

	KUNIT_EXPECT_EQ(test, 0, world_unload());
	KUNIT_EXPECT_EQ(test, -ENODEV, world_try_load(&load));
	chariot_stop();
	world_backend_end(test);
	world_backend(test);
	KUNIT_ASSERT_EQ(test, 0, chariot_start());
	KUNIT_EXPECT_EQ(test, 0, chariot_backend_errno);
	world_load(test, CHARIOT_MODE_ENFORCE, CHARIOT_HEAP_PAGE);
}

static void test_forgotten(struct kunit *test)
{
	unsigned long end = jiffies + msecs_to_jiffies(NOTICE_MS);

	forget(test);
	while (!chariot_backend_errno && time_before(jiffies, end))
		msleep(50);
	KUNIT_EXPECT_EQ(test, -ENODEV, chariot_backend_errno);
	begin_anew(test);
}

/* Waking is when it is most likely: nothing may run before it is known. */
static void test_woken(struct kunit *test)
{
	struct device *dev = sleeper_of(test);
	const struct dev_pm_ops *pm = dev->driver->pm;
	unsigned int tries = 1;

	KUNIT_EXPECT_EQ(test, 0, pm->resume(dev));
	KUNIT_EXPECT_EQ(test, 0, chariot_backend_errno);
	while (!forget(test)) {
		put_device(dev);
		KUNIT_ASSERT_LT(test, tries++, 10u);
		begin_anew(test);
		KUNIT_EXPECT_EQ(test, 0, world_unload());
		dev = sleeper_of(test);
	}
	KUNIT_EXPECT_EQ(test, 0, pm->resume(dev));
	KUNIT_EXPECT_EQ(test, -ENODEV, chariot_backend_errno);
	put_device(dev);
	begin_anew(test);
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
