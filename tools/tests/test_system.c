// SPDX-License-Identifier: GPL-2.0-only
/* Tests of what reads the system: sysfs, BTF, facts, device, tables, joining. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "lib/btf.h"
#include "lib/device.h"
#include "lib/drivers.h"
#include "lib/machine.h"
#include "lib/modules.h"
#include "lib/table.h"

/* A folder tree that stands for the system; removed at the end of a test. */
static char root[64];

static void root_make(void)
{
	strcpy(root, "/tmp/chariot-test.XXXXXX");
	if (!mkdtemp(root))
		abort();
}

static void root_remove(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf -- '%s'", root);
	if (system(command))
		abort();
}

static void put(const char *path, const char *text)
{
	char full[512], *slash;
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (slash = full + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	file = fopen(full, "w");
	if (!file)
		abort();
	fputs(text, file);
	fclose(file);
}

static void drivers_in_sysfs(void)
{
	struct driver *drivers;
	size_t count;

	root_make();
	put("drivers", "b_drv\na_drv\n");
	put("b_drv/mode", "enforce\n");
	put("a_drv/mode", "audit\n");
	put("a_drv/violations", "3\n");
	put("a_drv/odd", "\033[31m\xff\xfe");
	put("a_drv/holders/deep", "x");
	CHECK(!drivers_read(root, &drivers, &count));
	CHECK(count == 2);
	CHECK_TEXT(drivers[0].name, "a_drv");
	CHECK_TEXT(driver_value(&drivers[0], "mode"), "audit");
	CHECK_TEXT(driver_value(&drivers[0], "violations"), "3");
	CHECK_TEXT(driver_value(&drivers[0], "odd"), "?[31m??");
	CHECK(!driver_value(&drivers[0], "holders"));
	CHECK(!driver_value(&drivers[1], "violations"));
	free(drivers);
	CHECK(driver_exists(root, "a_drv"));
	CHECK(!driver_exists(root, "drivers"));
	CHECK(!driver_exists(root, ".."));
	CHECK(!driver_exists(root, "a_drv/holders"));
	CHECK(!driver_write(root, "a_drv", "mode", "enforce"));
	CHECK(driver_write(root, "c_drv", "mode", "enforce") == -ENOENT);
	CHECK(driver_write(root, "../x", "mode", "enforce") == -EINVAL);
	root_remove();
	CHECK(drivers_read(root, &drivers, &count) == -ENOENT);
	CHECK(!drivers && !count);
}

static void kernel_facts(void)
{
	struct machine machine;

	root_make();
	machine_read(root, &machine);
	CHECK(machine.kprobes == FACT_UNKNOWN);
	CHECK(machine.btf == FACT_NO);
	CHECK_TEXT(machine.lockdown, "");

	put("proc/kallsyms", "0000000000000000 T register_kprobe\n"
	    "\n0 x\n0000000000000000 t register_kprobes\n");
	put("sys/kernel/debug/kprobes/enabled", "0\n");
	put("sys/kernel/security/lockdown",
	    "none [integrity] confidentiality\n");
	put("sys/module/module/parameters/sig_enforce", "Y\n");
	put("proc/sys/kernel/tainted", "12288\n");
	put("sys/kernel/btf/vmlinux", "x");
	machine_read(root, &machine);
	CHECK(machine.kprobes == FACT_YES);
	CHECK(machine.kprobes_on == FACT_NO);
	CHECK(machine.ftrace == FACT_NO);
	CHECK(machine.btf == FACT_YES);
	CHECK(machine.signature_enforced == FACT_YES);
	CHECK(machine.modules_disabled == FACT_UNKNOWN);
	CHECK(machine.taint == 12288);
	CHECK_TEXT(machine.lockdown, "integrity");

	put("sys/kernel/security/lockdown", "without brackets");
	put("proc/kallsyms", "");
	machine_read(root, &machine);
	CHECK(machine.kprobes == FACT_NO);
	CHECK_TEXT(machine.lockdown, "");
	root_remove();
}

static void taint(void)
{
	char text[1024], small[16];

	machine_taint_text(0, text, sizeof(text));
	CHECK_TEXT(text, "");
	machine_taint_text(12288, text, sizeof(text));
	CHECK_TEXT(text, "module built out of tree (O), unsigned module (E)");
	machine_taint_text(UINT64_MAX, small, sizeof(small));
	CHECK(strlen(small) == sizeof(small) - 1);
}

static void btf_without_sense(void)
{
	struct types *types;

	CHECK(types_open("/nonexistent", &types) == -ENOENT);
	CHECK(!types);
	CHECK(types_open("/dev/null", &types) < 0);
	CHECK(types_open(check_file("fixture.ko"), &types) < 0);
	CHECK(!types);
}

static void btf_of_this_kernel(void)
{
	struct chariot_layout layout;
	struct types *types;
	uint32_t name;

	if (access(KERNEL_BTF, R_OK))
		return;
	CHECK(!types_open(KERNEL_BTF, &types));
	kernel_layout(types, &layout, &name);
	CHECK(layout.revision == CHARIOT_DEV_REVISION);
	CHECK(layout.kmem_cache_name != LAYOUT_UNKNOWN);
	CHECK(layout.kmem_cache_object_size != LAYOUT_UNKNOWN);
	CHECK(layout.slab_slab_cache != LAYOUT_UNKNOWN);
	types_close(types);
}

static int never(const struct chariot_entry *entry, void *data)
{
	(void)entry;
	(void)data;
	return 1;
}

static void device_requests(void)
{
	struct chariot_info info;
	char longest[200];
	int err;

	/* /dev/null answers ENOTTY: not our device. */
	CHECK(device_info(-1, &info) == -EBADF);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	CHECK(device_arm(-1, longest, 0, 0) == -EINVAL);
	CHECK(device_arm(-1, "", 0, 0) == -EINVAL);
	CHECK(device_list(-1, longest, 0, never, NULL) == -EINVAL);
	CHECK(device_list(-1, "x", 0, never, NULL) == -EBADF);
	for (err = -200; err <= 0; err++) {
		CHECK(*device_problem(err));
		CHECK(*device_backend_problem(err));
	}
	CHECK(strstr(device_problem(-ENOENT), "modprobe chariot"));
	CHECK(strstr(device_backend_problem(-ENOSYS), "load chariot-kvm on the host"));
	CHECK(strstr(device_backend_problem(ENOSYS), "load chariot-kvm on the host"));
}

static void tables(void)
{
	static const char *const heads[] = { "NAME", ">BYTES", "X", NULL };
	char *text = NULL;
	struct table table;
	size_t size;
	FILE *out;

	table_init(&table, heads);
	table_row(&table, "a", "12345678", "last");
	table_row(&table, "longer", "1", "");
	out = open_memstream(&text, &size);
	CHECK(!table_print(&table, out, " "));
	fclose(out);
	CHECK_TEXT(text, " NAME       BYTES  X\n"
			 " a       12345678  last\n"
			 " longer         1  \n");
	free(text);
	table_free(&table);
}

static void joined(void)
{
	char *parameters[] = { "a=1", "b=two words", "c=\"in quotes\"", "d" };
	char *text;

	text = modules_join(parameters, 4, true);
	CHECK_TEXT(text, "a=1 b=\"two words\" c=\"in quotes\" d");
	free(text);
	text = modules_join(parameters, 2, false);
	CHECK_TEXT(text, "a=1 b=two words");
	free(text);
	text = modules_join(NULL, 0, true);
	CHECK_TEXT(text, "");
	free(text);
}

const struct check_test system_tests[] = {
	{ "drivers: in sysfs", drivers_in_sysfs },
	{ "machine: kernel facts", kernel_facts },
	{ "machine: taint", taint },
	{ "btf: without sense", btf_without_sense },
	{ "btf: of this kernel", btf_of_this_kernel },
	{ "device: requests", device_requests },
	{ "table: columns", tables },
	{ "modules: parameters joined", joined },
	{ NULL, NULL }
};
