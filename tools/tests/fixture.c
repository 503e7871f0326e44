// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module file for tests, never loaded: a struct module's name, modinfo, and
 * a function whose line is known (test_symbolize.c names it).
 */
static const char info[] __attribute__((section(".modinfo"), used)) =
	"license=GPL\0name=fixture\0vermagic=0.0.0-test ";

struct module_start {
	int state;
	void *list[2];
	char name[56];
} this_module __attribute__((section(".gnu.linkonce.this_module"))) = {
	.name = "fixture",
};

void fixture_write(volatile int *to)
{
	*to = 1;
}
