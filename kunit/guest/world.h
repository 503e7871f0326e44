/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Chariot at work on the backend without hardware, and drivers to load under it.
 * KUnit alone. The guest is this kernel with all of its memory.
 */
#ifndef CHARIOT_KUNIT_WORLD_H
#define CHARIOT_KUNIT_WORLD_H

#include <kunit/test.h>

#include "chariot.h"
#include "driver.h"
#include "transport_fake.h"

#define DRIVER_NAME	"chariot_kunit_driver"

/* The suites, for suites.c. */
extern struct kunit_suite guest_load_suite, guest_alloc_suite;
extern struct kunit_suite guest_start_suite, guest_failure_suite;
extern struct kunit_suite guest_report_suite, guest_machine_suite;
extern struct kunit_suite guest_user_suite, guest_gates_suite;
extern struct kunit_suite guest_block_suite, guest_files_suite;
extern struct kunit_suite guest_rules_suite, guest_frames_suite, guest_pages_suite;

/* Before all suites, in the task that loads this module: reads the driver's file. */
int world_open(const char *folder);
void world_close(void);

/* A fresh backend, without chariot, with nobody in it. */
int world_backend(struct kunit *test);
void world_backend_end(struct kunit *test);
/* For suites' init and exit: the same, and chariot started. */
int world_init(struct kunit *test);
void world_exit(struct kunit *test);

/* What to load, and how. */
struct world_load {
	const char *name;		/* in place of DRIVER_NAME, to arm for */
	enum chariot_mode mode;
	enum chariot_heap heap;
	int fail;			/* the driver's init: see driver.c */
	bool unarmed;
	struct chariot_plan *plan;	/* chariot's when it is armed, or NULL */
};

/*
 * Loads the driver, isolated, as chariot-insmod does: 0, or the negative errno of
 * arming or loading. Nothing stays armed.
 */
int world_try_load(const struct world_load *load);
int world_unload(void);
bool world_loaded(void);

/* The driver loaded last, and what chariot and the driver itself know of it. */
struct world_driver {
	struct chariot_driver *chariot;
	const struct kunit_driver *calls;
};

/* The same for a test; what can't be loaded fails it. Unloaded at the test's end. */
struct world_driver world_load(struct kunit *test, enum chariot_mode mode,
			       enum chariot_heap heap);
struct world_driver world_load_planned(struct kunit *test, enum chariot_mode mode,
				       enum chariot_heap heap,
				       struct chariot_plan *plan);
/* What world_try_load() has loaded. */
struct world_driver world_driver(void);

/*
 * May the driver write these bytes, as chariot, and as the backend sees it? Both
 * must say the same.
 */
bool world_writable(struct kunit *test, struct chariot_driver *d, const void *va,
		    size_t size);
/* A write of the driver was stopped: is it found that it may, by the rules? */
bool world_settles(struct chariot_driver *d, const void *va, size_t size);
/* Are as many pages in the backend's table of the driver as in chariot's? */
void world_expect_agreed(struct kunit *test, struct chariot_driver *d);
/* Nothing of any driver is left, neither here nor in the backend. */
void world_expect_empty(struct kunit *test);

/* A symbol of the driver's file: the number of its section, and where it is in that. */
bool world_symbol(const char *name, u32 *section, u32 *offset);

/* For what reads user memory; nothing that ends a test may come between. */
bool world_use_memory(void);
void world_leave_memory(bool other);

/*
 * A request of user space to the device, or a read: what it is given and gets lies at
 * world_user() then, at most a page of it.
 */
unsigned long world_user(void);
long world_ioctl(struct file *file, unsigned int cmd, void *arg, size_t size);
ssize_t world_read(struct file *file, void *to, size_t size);

/* coverage.c, where it is built */
int coverage_write(void);

#endif /* CHARIOT_KUNIT_WORLD_H */
