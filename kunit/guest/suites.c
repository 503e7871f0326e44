// SPDX-License-Identifier: GPL-2.0
/*
 * chariot-kunit.ko: runs the suites when it is loaded.
 *
 * Not by kunit_test_suites(), whose suites run in a notifier of modules: under its
 * lock nobody can register another one, as chariot does when it starts.
 */
#include <linux/glob.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/utsname.h>

#include "ledger.h"
#include "world.h"

static char *filter_glob = "*";
module_param(filter_glob, charp, 0);
MODULE_PARM_DESC(filter_glob, "Only these suites, or SUITE.TEST");

static char *drivers;
module_param(drivers, charp, 0);
MODULE_PARM_DESC(drivers, "Folder of chariot-kunit-driver.ko (default: where it is installed)");

static struct kunit_suite * const suites[] = {
	&guest_load_suite, &guest_alloc_suite, &guest_report_suite,
	&guest_gates_suite, &guest_block_suite, &guest_files_suite,
	&guest_rules_suite, &guest_frames_suite, &guest_pages_suite,
	&guest_machine_suite, &guest_user_suite,
	&guest_start_suite, &guest_failure_suite,
};

#define TESTS_MAX	32	/* of a suite */

/* What is chosen of each suite. */
static struct kunit_suite chosen[ARRAY_SIZE(suites)];
static struct kunit_case cases[ARRAY_SIZE(suites)][TESTS_MAX + 1];
static struct kunit_suite *run[ARRAY_SIZE(suites)];

static bool matches(const char *suite_glob, const char *test_glob,
		    const struct kunit_suite *suite, const struct kunit_case *test)
{
	return glob_match(suite_glob, suite->name) &&
	       glob_match(test_glob, test->name);
}

static int choose(void)
{
	char *suite_glob = kstrdup(filter_glob, GFP_KERNEL), *test_glob;
	int i, n = 0;

	if (!suite_glob)
		return -ENOMEM;
	test_glob = suite_glob;
	strsep(&test_glob, ".");
	for (i = 0; i < ARRAY_SIZE(suites); i++) {
		struct kunit_case *test, *to = cases[i];

		for (test = suites[i]->test_cases; test->name; test++)
			if (matches(suite_glob, test_glob ?: "*", suites[i], test) &&
			    !WARN_ON(to == &cases[i][TESTS_MAX]))
				*to++ = *test;
		if (to == cases[i])
			continue;
		memcpy(&chosen[i], suites[i], sizeof(chosen[i]));
		chosen[i].test_cases = cases[i];
		run[n++] = &chosen[i];
	}
	kfree(suite_glob);
	return n;
}

static int open_driver(void)
{
	char *installed;
	int ret;

	if (drivers)
		return world_open(drivers);
	installed = kasprintf(GFP_KERNEL, "/lib/modules/%s/updates/chariot-kunit",
			      utsname()->release);
	ret = installed ? world_open(installed) : -ENOMEM;
	kfree(installed);
	return ret;
}

static int __init suites_init(void)
{
	int ret, n;

	n = choose();
	if (n < 0)
		return n;
	ret = open_driver();
	if (ret)
		return ret;
	ret = ledger_init();
	if (!ret) {
		printk(KERN_INFO "KTAP version 1\n");
		printk(KERN_INFO "1..%d\n", n);
		ret = __kunit_test_suites_init(run, n);
		if (!n)
			pr_err("no test matches %s\n", filter_glob);
		__kunit_test_suites_exit(run, n);
	}
	ledger_exit();
	world_close();
#ifdef CHARIOT_COVERAGE
	ret = ret ?: coverage_write();
#endif
	return ret;
}

static void __exit suites_exit(void)
{
}

module_init(suites_init);
module_exit(suites_exit);
MODULE_DESCRIPTION("KUnit tests of Chariot's guest side");
MODULE_LICENSE("GPL");
