// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lets a driver of tests/drivers/sweep write to bytes all over kernel memory, to
 * page tables in use by all of their addresses, and around the objects that it was
 * granted. What was not stopped must be its right.
 * Runs in the lab's guest. Usage: sweep DRIVER WRITES SEED
 * Its last line has the counts. Exits with 1 if a write is unexplained or too many
 * came through.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../drivers/sweep/sweep.h"

#define AREAS		4096
#define LEVELS		5		/* of page tables */
#define REGIONS		8192
#define STACK_SIZE	16384ull	/* THREAD_SIZE */
#define PAGE		4096ull

struct area {
	uint64_t start, size;
};

/* The kinds of kernel memory, and how many of 16 writes go there. */
static struct kind {
	const char *name;
	unsigned int share;
	size_t count;
	uint64_t size;
	struct area area[AREAS];
} kinds[] = {
	{ .name = "direct map", .share = 8 },
	{ .name = "vmalloc", .share = 3 },
	{ .name = "modules", .share = 2 },
	{ .name = "image", .share = 2 },
	{ .name = "page tables", .share = 1 },
};

static struct region {
	uint64_t gpa, size;
	char kind[24], right[24];
} region[REGIONS];
static size_t regions;

static uint64_t direct_va, direct_pa;	/* where RAM begins in both */
static uint64_t image_va, image_pa, image_size;
static uint64_t driver_va;
static uint64_t stack_page[STACK_SIZE / PAGE];	/* of this task; physical */
static const char *driver;

static void die(const char *what)
{
	printf("sweep: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void add_area(struct kind *kind, uint64_t start, uint64_t size)
{
	if (kind->count == AREAS || !size)
		return;
	kind->area[kind->count++] = (struct area){ start, size };
	kind->size += size;
}

/* --- where kernel memory is ------------------------------------------------- */

/* The segments of /proc/kcore that have a physical address: RAM and the image. */
static void find_ram(void)
{
	int fd = open("/proc/kcore", O_RDONLY);
	Elf64_Ehdr header;
	Elf64_Phdr p;
	int i;

	if (fd < 0 || read(fd, &header, sizeof(header)) != sizeof(header))
		die("/proc/kcore");
	for (i = 0; i < header.e_phnum; i++) {
		if (pread(fd, &p, sizeof(p), header.e_phoff + i * sizeof(p)) !=
		    sizeof(p))
			die("/proc/kcore");
		if (p.p_type != PT_LOAD || p.p_paddr == (Elf64_Addr)-1)
			continue;
		if (p.p_vaddr >= 0xffffffff80000000ull) {
			add_area(&kinds[3], p.p_vaddr, p.p_memsz);
			image_va = p.p_vaddr;
			image_pa = p.p_paddr;
			image_size = p.p_memsz;
		} else {
			add_area(&kinds[0], p.p_vaddr, p.p_memsz);
			direct_va = p.p_vaddr;
			direct_pa = p.p_paddr;
		}
	}
	close(fd);
}

static void find_vmalloc(void)
{
	FILE *file = fopen("/proc/vmallocinfo", "r");
	uint64_t start, end;
	char line[512];

	if (!file)
		die("/proc/vmallocinfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "0x%" SCNx64 "-0x%" SCNx64, &start, &end) == 2 &&
		    !strstr(line, "ioremap") && end > start + PAGE)
			add_area(&kinds[1], start, end - start - PAGE);
	fclose(file);
}

static void find_modules(void)
{
	FILE *file = fopen("/proc/modules", "r");
	uint64_t start, size;
	char line[512];

	if (!file)
		die("/proc/modules");
	while (fgets(line, sizeof(line), file)) {
		const char *address = strstr(line, " 0xf");

		if (sscanf(line, "%*s %" SCNu64, &size) != 1 || !address ||
		    sscanf(address, " 0x%" SCNx64, &start) != 1)
			continue;
		/* What it does to itself is its own business. */
		if (!strncmp(line, driver, strlen(driver)) &&
		    line[strlen(driver)] == ' ')
			driver_va = start;
		else
			add_area(&kinds[2], start, size);
	}
	fclose(file);
}

/* A page table, by each of its addresses. */
static void add_table(uint64_t physical)
{
	struct kind *tables = &kinds[4];
	uint64_t va = physical - direct_pa + direct_va;
	size_t i;

	for (i = 0; i < tables->count; i++)
		if (tables->area[i].start == va)
			return;
	add_area(tables, va, PAGE);
	if (physical - image_pa < image_size)
		add_area(tables, physical - image_pa + image_va, PAGE);
}

static void ask_for_tables(int fd, struct sweep_write *asked, size_t n)
{
	ssize_t size = n * sizeof(*asked);
	size_t i;

	if (write(fd, asked, size) != size || read(fd, asked, size) != size)
		die("the driver");
	for (i = 0; i < n; i++)
		if (asked[i].physical)
			add_table(asked[i].physical);
}

/* The page tables on the way to an address. */
static void find_tables_of(int fd, uint64_t address)
{
	struct sweep_write asked[LEVELS] = { };
	int i;

	for (i = 0; i < LEVELS; i++) {
		asked[i].address = address;
		asked[i].level = i + 1;
	}
	ask_for_tables(fd, asked, LEVELS);
}

/* Those to the driver and its stack, and to some of all other memory. */
static void find_tables(int fd)
{
	struct sweep_write here = { .level = LEVELS };
	size_t i, j;

	ask_for_tables(fd, &here, 1);
	find_tables_of(fd, here.stack);
	find_tables_of(fd, driver_va);
	for (i = 0; i < 4; i++)
		for (j = 0; j < kinds[i].count; j += 1 + kinds[i].count / 32)
			find_tables_of(fd, kinds[i].area[j].start);
}

/* The pages of this task's stack: the driver may write them by any address. */
static void find_stack(int fd)
{
	struct sweep_write asked[STACK_SIZE / PAGE] = { [0].level = SWEEP_PAGE };
	uint64_t start;
	size_t i;

	if (write(fd, asked, sizeof(asked[0])) != sizeof(asked[0]) ||
	    read(fd, asked, sizeof(asked[0])) != sizeof(asked[0]))
		die("the driver");
	start = asked[0].stack & ~(STACK_SIZE - 1);
	for (i = 0; i < STACK_SIZE / PAGE; i++) {
		asked[i].address = start + i * PAGE;
		asked[i].level = SWEEP_PAGE;
	}
	if (write(fd, asked, sizeof(asked)) != sizeof(asked) ||
	    read(fd, asked, sizeof(asked)) != sizeof(asked))
		die("the driver");
	for (i = 0; i < STACK_SIZE / PAGE; i++)
		stack_page[i] = asked[i].physical & ~(PAGE - 1);
}

/* --- what the driver may ------------------------------------------------------ */

static void read_regions(void)
{
	char command[128], line[256];
	struct region *r;
	FILE *file;

	snprintf(command, sizeof(command), "chariot regions %s", driver);
	file = popen(command, "r");
	if (!file)
		die("chariot regions");
	regions = 0;
	while (fgets(line, sizeof(line), file) && regions < REGIONS) {
		r = &region[regions];
		if (sscanf(line, "0x%" SCNx64 " %" SCNu64 " %23s %23s", &r->gpa,
			   &r->size, r->kind, r->right) == 4)
			regions++;
	}
	if (pclose(file) || !regions || regions == REGIONS) {
		printf("sweep: chariot regions %s: %zu regions\n", driver, regions);
		exit(2);
	}
}

enum reason { NO_REASON, OWN, HANDED };

static bool is_handed(const struct region *r)
{
	return !strcmp(r->kind, "object") || !strcmp(r->kind, "buffer") ||
	       !strcmp(r->kind, "private") || strstr(r->kind, "word");
}

static enum reason reason_for(const struct sweep_write *w)
{
	size_t i;

	for (i = 0; i < STACK_SIZE / PAGE; i++)
		if (w->physical - stack_page[i] < PAGE)
			return OWN;
	for (i = 0; i < regions; i++) {
		const struct region *r = &region[i];

		if (w->physical - r->gpa >= r->size || !strstr(r->right, "write"))
			continue;
		if (!is_handed(r))
			return OWN;
		printf("sweep: 0x%" PRIx64 " was handed: %s of %" PRIu64 " bytes at 0x%" PRIx64 "\n",
		       (uint64_t)w->address, r->kind, r->size, r->gpa);
		return HANDED;
	}
	return NO_REASON;
}

/* The symbol that an address is at or behind. */
static void print_symbol(uint64_t address)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[512], name[256], best[256] = "";
	uint64_t at, nearest = 0;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%" SCNx64 " %*c %255s", &at, name) != 2 ||
		    at > address || at < nearest)
			continue;
		nearest = at;
		strcpy(best, name);
	}
	if (file)
		fclose(file);
	printf("sweep: which is %s + 0x%" PRIx64 "\n", best, address - nearest);
}

/* What the kernel says of a page: KPF_* of linux/kernel-page-flags.h. */
static void print_page(uint64_t physical)
{
	int fd = open("/proc/kpageflags", O_RDONLY);
	uint64_t flags;

	if (fd >= 0 && pread(fd, &flags, sizeof(flags),
			     physical / PAGE * sizeof(flags)) == sizeof(flags))
		printf("sweep: in a page with the flags 0x%" PRIx64 "\n", flags);
	if (fd >= 0)
		close(fd);
}

/* --- writing -------------------------------------------------------------------- */

static struct totals {
	unsigned int tried, stopped, own, handed, unexplained;
} sweep, edges;

/*
 * The text of a report may have the very value that was written, and has it again
 * with the next driver that writes the same: by chance, if it does so once.
 */
static bool by_chance(int fd, const struct sweep_write *w)
{
	struct sweep_write again = { .address = w->address };
	int i;

	for (i = 0; i < 3; i++) {
		if (write(fd, &again, sizeof(again)) != sizeof(again) ||
		    read(fd, &again, sizeof(again)) != sizeof(again))
			die("the driver");
		if (again.outcome == SWEEP_STOPPED)
			return true;
	}
	return false;
}

static void judge(int fd, const struct sweep_write *w, struct totals *t)
{
	if (w->outcome == SWEEP_ABSENT)
		return;
	t->tried++;
	if (w->outcome == SWEEP_STOPPED ||
	    (w->outcome == SWEEP_ONCE && by_chance(fd, w))) {
		t->stopped++;
		return;
	}
	read_regions();
	switch (reason_for(w)) {
	case OWN:
		t->own++;
		return;
	case HANDED:
		t->handed++;
		return;
	case NO_REASON:
		break;
	}
	t->unexplained++;
	printf("sweep: 0x%" PRIx64 " (physical 0x%" PRIx64 ") was written without a right\n",
	       (uint64_t)w->address, (uint64_t)w->physical);
	print_symbol(w->address);
	print_page(w->physical);
}

static void run(int fd, struct sweep_write *writes, size_t n, struct totals *t)
{
	ssize_t size = n * sizeof(*writes);
	size_t i;

	if (write(fd, writes, size) != size || read(fd, writes, size) != size)
		die("the driver");
	for (i = 0; i < n; i++)
		judge(fd, &writes[i], t);
}

static uint64_t random64(void)
{
	return (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ random();
}

static uint64_t random_address(void)
{
	unsigned int turn = random() % 16;
	struct kind *kind = kinds;
	uint64_t at;
	size_t i;

	while (turn >= kind->share) {
		turn -= kind->share;
		kind++;
	}
	at = random64() % kind->size;
	for (i = 0; at >= kind->area[i].size; i++)
		at -= kind->area[i].size;
	return kind->area[i].start + at;
}

static void sweep_all(int fd, unsigned int count)
{
	struct sweep_write writes[SWEEP_BATCH];
	unsigned int rounds = 0;
	size_t i;

	while (sweep.tried < count && rounds++ < count) {
		memset(writes, 0, sizeof(writes));
		for (i = 0; i < SWEEP_BATCH; i++)
			writes[i].address = random_address();
		run(fd, writes, SWEEP_BATCH, &sweep);
	}
}

/* The byte before each granted object, and the one behind it. */
static void sweep_edges(int fd)
{
	struct sweep_write writes[SWEEP_BATCH];
	static struct region objects[REGIONS];
	size_t i, n = 0, count;

	read_regions();
	count = regions;
	memcpy(objects, region, sizeof(objects));
	memset(writes, 0, sizeof(writes));
	for (i = 0; i < count; i++) {
		uint64_t va = objects[i].gpa - direct_pa + direct_va;

		if (strcmp(objects[i].kind, "object"))
			continue;
		writes[n++].address = va - 1;
		writes[n++].address = va + objects[i].size;
		if (n < SWEEP_BATCH - 1)
			continue;
		run(fd, writes, n, &edges);
		n = 0;
		memset(writes, 0, sizeof(writes));
	}
	run(fd, writes, n, &edges);
}

/*
 * Each page of its stack by another address, a little off its end, where a word
 * tells the kernel that the stack has overflowed.
 */
static void sweep_stack(int fd)
{
	struct sweep_write writes[STACK_SIZE / PAGE] = { };
	size_t i;

	for (i = 0; i < STACK_SIZE / PAGE; i++)
		writes[i].address = stack_page[i] - direct_pa + direct_va + 64;
	run(fd, writes, STACK_SIZE / PAGE, &sweep);
	printf("sweep: its stack by the direct map: %u of %u pages written\n",
	       sweep.own, sweep.tried);
}

int main(int argc, char **argv)
{
	unsigned int count;
	char path[64];
	size_t i;
	int fd;

	if (argc != 4 || strlen(argv[1]) > 40)
		return 2;
	driver = argv[1];
	count = strtoul(argv[2], NULL, 10);
	srandom(strtoul(argv[3], NULL, 10));
	snprintf(path, sizeof(path), "/dev/%s", driver);
	fd = open(path, O_RDWR);
	if (fd < 0)
		die(path);
	find_ram();
	find_vmalloc();
	find_modules();
	find_tables(fd);
	find_stack(fd);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		printf("sweep: %s: %zu areas, %" PRIu64 " KiB\n", kinds[i].name,
		       kinds[i].count, kinds[i].size / 1024);
		if (!kinds[i].size)
			return 2;
	}
	sweep_edges(fd);
	sweep_stack(fd);
	sweep_all(fd, count);
	printf("sweep: tried %u: stopped %u, own memory %u, handed %u, unexplained %u; edges %u: stopped %u, own %u, handed %u\n",
	       sweep.tried, sweep.stopped, sweep.own, sweep.handed,
	       sweep.unexplained, edges.tried, edges.stopped, edges.own,
	       edges.handed);
	/* Of what is not its own, 99.9 % are stopped. */
	return sweep.tried < count || sweep.unexplained || edges.unexplained ||
	       sweep.handed * 1000 > sweep.tried;
}
