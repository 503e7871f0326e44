// SPDX-License-Identifier: GPL-2.0-only
/* Tests of lib/report.c: the text of a report is part of what users rely on. */
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "lib/report.h"
#include "lib/violation.h"

static const struct chariot_violation sample = {
	.size = sizeof(sample),
	.revision = CHARIOT_DEV_REVISION,
	.seq = 12,
	.time_ns = 1700000000123456789ull,
	.repeat = 3,
	.rip = 0xffffffffc0401234ull,
	.address = 0xffff888004b2a040ull,
	.gpa = 0x4b2a040,
	.length = 8,
	.victim_start = 0xffff888004b2a030ull,
	.victim_size = 64,
	.nearest_start = 0xffff888004b2a000ull,
	.nearest_size = 48,
	.nearest_distance = 16,
	.domain = 1,
	.mode = CHARIOT_MODE_ENFORCE,
	.outcome = CHARIOT_OUTCOME_STOPPED,
	.victim = CHARIOT_VICTIM_SLAB,
	.pid = 123, .tgid = 120, .cpu = 1, .context = 1,
	.value_len = 8, .insn_len = 3, .stack_len = 2,
	.value = { 0xde, 0xad, 0xbe, 0xef },
	.insn = { 0x48, 0x89, 0x07 },
	.driver = "faulty",
	.comm = "ip",
	.function = "writer+0x12/0x40",
	.leaf = "memset",
	.victim_text = "kmalloc-64 +0x10",
	.nearest_text = "16 bytes past kmalloc of 48 bytes by faulty_init",
	.stack = { "writer+0x12/0x40 [faulty]", "do_one_initcall+0x56/0x220" },
};

static const char expected[] =
"#12 2023-11-14 22:13:20.123456: faulty wrote where it may not: the write was stopped\n"
"  code      writer+0x12/0x40, by its call of memset()\n"
"  target    0xffff888004b2a040 (physical 0x4b2a040), 8 bytes\n"
"  which is  slab object kmalloc-64 +0x10\n"
"            at 0xffff888004b2a030, 64 bytes\n"
"  nearest   16 bytes past kmalloc of 48 bytes by faulty_init\n"
"            own object 0xffff888004b2a000, 48 bytes\n"
"  bytes     de ad be ef 00 00 00 00\n"
"  insn      48 89 07 at 0xffffffffc0401234\n"
"  task      ip, pid 123 (process 120), CPU 1, softirq context\n"
"  seen      3 times; mode enforce, domain 1\n"
"  stack     writer+0x12/0x40 [faulty]\n"
"            do_one_initcall+0x56/0x220\n";

static char *printed(const struct chariot_violation *violation)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	report_print(violation, NULL, NULL, out);
	fclose(out);
	return text;
}

static void as_text(void)
{
	char *text = printed(&sample);

	CHECK_TEXT(text, expected);
	free(text);
}

static const char *member(struct json_object *json, const char *key)
{
	return json_object_get_string(json_object_object_get(json, key));
}

/* What BTF doesn't tell is still a structure and a place in it. */
static void of_a_type(void)
{
	struct chariot_violation v = sample;
	struct json_object *json;
	char *text;

	strcpy(v.type, "sk_buff");
	v.type_offset = 0x70;
	text = printed(&v);
	CHECK(strstr(text, "the write was stopped\n"
			   "  in short  writer writes sk_buff +0x70\n"
			   "  code      writer+0x12/0x40"));
	free(text);
	json = report_json(&v, NULL, NULL);
	CHECK_TEXT(member(json, "summary"), "writer writes sk_buff +0x70");
	CHECK_TEXT(member(json, "type"), "sk_buff");
	CHECK(!json_object_object_get(json, "member"));
	json_object_put(json);
	v.function[0] = '\0';
	text = printed(&v);
	CHECK(strstr(text, "in short  unknown function writes sk_buff +0x70\n"));
	free(text);
}

static void victim_without_end(void)
{
	struct chariot_violation v = sample;
	char *text;

	v.victim_size = -4096ull;
	text = printed(&v);
	CHECK(!strstr(text, "18446744073709547520"));
	CHECK(strstr(text, "at 0xffff888004b2a030\n"));
	free(text);
}

static void as_json(void)
{
	struct json_object *json = report_json(&sample, NULL, NULL);
	struct json_object *victim = json_object_object_get(json, "victim");
	struct json_object *nearest = json_object_object_get(json, "nearest");

	CHECK_TEXT(member(json, "driver"), "faulty");
	CHECK_TEXT(member(json, "address"), "0xffff888004b2a040");
	CHECK_TEXT(member(json, "time_ns"), "1700000000123456789");
	CHECK_TEXT(member(json, "outcome"), "stopped");
	CHECK_TEXT(member(json, "called"), "memset");
	CHECK_TEXT(member(json, "bytes"), "de ad be ef 00 00 00 00");
	CHECK_TEXT(member(victim, "kind"), "slab object");
	CHECK_TEXT(member(nearest, "distance"), "16");
	CHECK(json_object_array_length(json_object_object_get(json, "stack")) == 2);
	json_object_put(json);
}

/* Everything at its largest, and everything 0: nothing may overflow. */
static void extremes(void)
{
	struct chariot_violation v, clean;
	struct json_object *json;
	char *text;
	int byte;

	for (byte = 0; byte < 256; byte += 51) {
		memset(&v, byte, sizeof(v));
		v.size = sizeof(v);
		v.nearest_distance = byte == 204 ? INT64_MIN : v.nearest_distance;
		if (byte == 204)
			v.nearest_text[0] = '\0';
		CHECK(violation_parse(&v, sizeof(v), &clean) == sizeof(v));
		text = printed(&clean);
		CHECK(text && *text);
		if (byte == 204)
			CHECK(strstr(text, "9223372036854775808 bytes before it"));
		free(text);
		json = report_json(&clean, NULL, NULL);
		CHECK(json);
		json_object_put(json);
	}
}

const struct check_test report_tests[] = {
	{ "report: as text", as_text },
	{ "report: a structure", of_a_type },
	{ "report: a victim without an end", victim_without_end },
	{ "report: as JSON", as_json },
	{ "report: extremes", extremes },
	{ NULL, NULL }
};
