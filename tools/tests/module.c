// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module files for test_commands.sh, never loaded. MODULE is the name; with
 * NEEDS it imports that function, with OFFERS it exports it (as depmod sees it).
 */
#define TEXT_(x)	#x
#define TEXT(x)		TEXT_(x)

static const char info[] __attribute__((section(".modinfo"), used)) =
	"license=GPL\0name=" TEXT(MODULE) "\0depends="
#ifdef NEEDS
	"helper"
#endif
	"\0vermagic=" TEXT(RELEASE) " SMP mod_unload ";

struct module_start {
	int state;
	void *list[2];
	char name[56];
} this_module __attribute__((section(".gnu.linkonce.this_module"))) = {
	.name = TEXT(MODULE),
};

#ifdef OFFERS
static const char exported[] __attribute__((section("__ksymtab_strings"), used)) =
	TEXT(OFFERS);
void OFFERS(void)
{
}
#endif

#ifdef NEEDS
void NEEDS(void);
void use(void)
{
	NEEDS();
}
#endif
