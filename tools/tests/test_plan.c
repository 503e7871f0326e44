// SPDX-License-Identifier: GPL-2.0-only
/* Tests of lib/plan.c: classes of imports, rights of sections. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "lib/plan.h"
#include "sample.h"

static void classes(void)
{
	const char *wrapper;

	CHECK(plan_classify("memset", &wrapper) == PLAN_LEAF);
	CHECK_TEXT(wrapper, "leaf_memset");
	CHECK(plan_classify("__kmalloc", &wrapper) == PLAN_ALLOCATION);
	CHECK(*wrapper);
	CHECK(plan_classify("_copy_from_user", &wrapper) == PLAN_COPY);
	CHECK(plan_classify("bio_alloc_bioset", &wrapper) == PLAN_OBJECT);
	CHECK(plan_classify("register_netdev", &wrapper) == PLAN_PLAIN);
	CHECK_TEXT(wrapper, "");
	CHECK(plan_classify("", &wrapper) == PLAN_PLAIN);
}

static void of_sample(void)
{
	struct sample_places places;
	struct json_object *json;
	struct image *image;
	unsigned char *bytes;
	const char *why;
	struct plan plan;
	char *text = NULL;
	size_t size, printed;
	FILE *out;

	bytes = sample_make(&size, &places);
	CHECK(!image_from_memory(bytes, size, &image, &why));
	CHECK(!plan_make(image, &plan));
	CHECK_TEXT(plan.name, SAMPLE_NAME);
	CHECK(plan.import_count == 3);
	CHECK(plan.class_count[PLAN_LEAF] == 1);
	/* .modinfo stays out: the kernel doesn't keep it. */
	CHECK(plan.section_count == 3);
	CHECK(plan.sections[0].right == PLAN_EXECUTE);
	CHECK(plan.sections[1].right == PLAN_WRITE);
	CHECK(plan.sections[1].size == 4096);

	out = open_memstream(&text, &printed);
	CHECK(!plan_print(&plan, out));
	fclose(out);
	CHECK(strstr(text, "Module " SAMPLE_NAME ", license GPL, not signed"));
	CHECK(strstr(text, "leaf_memset"));
	free(text);

	json = plan_json(&plan);
	CHECK(json_object_array_length(json_object_object_get(json, "imports"))
	      == 3);
	json_object_put(json);
	plan_free(&plan);
	image_close(image);
	free(bytes);
}

const struct check_test plan_tests[] = {
	{ "plan: classes of imports", classes },
	{ "plan: of a small module", of_sample },
	{ NULL, NULL }
};
