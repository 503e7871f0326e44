// SPDX-License-Identifier: GPL-2.0
/*
 * Gates: a driver's functions are known to the kernel by them, and kernel
 * functions that give objects are known to the driver by them (gate_table.S). Set
 * when the module is relocated, by its plan; what they see goes to handed.c.
 * Runs in the guest kernel, in any context; trusts the module loader.
 */
#include <linux/bitmap.h>
#include <linux/elf.h>
#include <linux/slab.h>

#include "chariot.h"
#include "compat/module_layout.h"
#include "gates.h"
#include "grant_rules.h"
#include "handed.h"
#include "plan.h"

#define STRINGS_MAX	256	/* of one call, that are looked at */
#define NO_GATE		U32_MAX
#define GATES		(CHARIOT_ENTRY_GATES + CHARIOT_IMPORT_GATES)

/**
 * struct chariot_gate - where a gate leads
 * @target: the function
 * @text: the driver's text, from where the function is called without a gate
 * @text_size: bytes
 * @view: to change to before it is called, or back to afterwards (switch.c); 0: the
 *	backend does that
 * @gives: an import that gives objects
 * @number: of the gate
 * @driver: whose it is
 * @types: of what each argument points to (entries), or is set to point to
 *	(imports); CHARIOT_PLAN_NONE
 * @ret: type of what an import returns a pointer to
 * @last: what was handed by each argument last
 * @generation: of the driver's handed objects then
 * @wrote: whether the driver wrote to such when it was not granted yet
 */
struct chariot_gate {
	unsigned long target;
	unsigned long text;
	unsigned long text_size;
	u32 view;
	u32 gives;
	u32 number;
	struct chariot_driver *driver;
	u32 types[CHARIOT_PLAN_ARGS];
	u32 ret;
	unsigned long last[CHARIOT_PLAN_ARGS];
	u64 generation;
	u8 wrote[CHARIOT_PLAN_ARGS];
};

enum { WROTE_NOTHING, WROTE_OBJECT, WROTE_DATA };

extern const char chariot_entry_gates[], chariot_entry_gates_end[];
extern const char chariot_import_gates[], chariot_import_gates_end[];
extern const char chariot_gate_calls[], chariot_gate_calls_end[];

/* Read in gate_table.S and gate_calls.S. */
extern struct chariot_gate *chariot_gate_table[];
struct chariot_gate *chariot_gate_table[GATES];
static DECLARE_BITMAP(gates_taken, GATES);	/* under chariot_mutex */

static unsigned long gate_address(u32 n)
{
	if (n < CHARIOT_ENTRY_GATES)
		return (unsigned long)chariot_entry_gates +
		       n * CHARIOT_GATE_SIZE;
	return (unsigned long)chariot_import_gates +
	       (n - CHARIOT_ENTRY_GATES) * CHARIOT_GATE_SIZE;
}

struct chariot_driver *chariot_gate_driver(unsigned long addr)
{
	unsigned long offset = addr - (unsigned long)chariot_entry_gates;
	struct chariot_gate *g;

	if (offset >= CHARIOT_ENTRY_GATES * CHARIOT_GATE_SIZE)
		return NULL;
	g = READ_ONCE(chariot_gate_table[offset / CHARIOT_GATE_SIZE]);
	return g ? g->driver : NULL;
}

bool chariot_gates_text(unsigned int i, const char **start, size_t *size)
{
	static const char * const ranges[][2] = {
		{ chariot_entry_gates, chariot_entry_gates_end },
		{ chariot_import_gates, chariot_import_gates_end },
		{ chariot_gate_calls, chariot_gate_calls_end },
	};

	if (i >= ARRAY_SIZE(ranges))
		return false;
	*start = ranges[i][0];
	*size = ranges[i][1] - ranges[i][0];
	return true;
}

unsigned long chariot_gate_caller(unsigned long site, const unsigned long *rbp)
{
	if (site < (unsigned long)chariot_gate_calls ||
	    site >= (unsigned long)chariot_gate_calls_end)
		return site;
	/* Behind the rbp that the gate has pushed */
	return chariot_peek(rbp + 1);
}

/* --- taking gates ------------------------------------------------------------ */

static bool is_wanted(const struct chariot_gate *g)
{
	return g->gives || chariot_can_switch();
}

/* Of these n those that are wanted, from first on, before end. */
static int take(struct chariot_gate *g, u32 n, u32 first, u32 end)
{
	u32 at = first;

	for (; n--; g++) {
		g->number = NO_GATE;
		if (!is_wanted(g))
			continue;
		at = find_next_zero_bit(gates_taken, end, at);
		if (at >= end)
			return -ENOSPC;
		__set_bit(at, gates_taken);
		g->number = at;
		WRITE_ONCE(chariot_gate_table[at], g);
	}
	return 0;
}

static void give_back(struct chariot_gate *g, u32 n)
{
	for (; n--; g++) {
		if (g->number == NO_GATE)
			continue;
		WRITE_ONCE(chariot_gate_table[g->number], NULL);
		__clear_bit(g->number, gates_taken);
	}
}

/* What a pointer to a pointer is, may not be set yet, if no rule says that it is. */
static void entry_types(struct chariot_gate *g,
			const struct chariot_plan_entry *entry,
			const struct chariot_plan *plan)
{
	const struct chariot_type_rule *rule;
	int i;

	g->ret = CHARIOT_PLAN_NONE;
	for (i = 0; i < CHARIOT_PLAN_ARGS; i++) {
		g->types[i] = entry->args[i];
		if (!CHARIOT_PLAN_IS_POINTER(entry->args[i]))
			continue;
		rule = plan->rules[CHARIOT_PLAN_POINTED(entry->args[i])];
		if (!rule || !rule->by_pointer)
			g->types[i] = CHARIOT_PLAN_AREA(sizeof(void *));
	}
}

static void import_types(struct chariot_gate *g,
			 const struct chariot_plan_import *import)
{
	int i;

	memcpy(g->types, import->outs, sizeof(g->types));
	g->ret = import->ret;
	g->gives = g->ret != CHARIOT_PLAN_NONE;
	for (i = 0; i < CHARIOT_PLAN_ARGS; i++)
		g->gives |= g->types[i] != CHARIOT_PLAN_NONE;
}

int chariot_gates_attach(struct chariot_driver *d)
{
	u32 entries = d->plan->h.entries, imports = d->plan->h.imports, i;
	struct chariot_gate *g;
	int ret;

	BUILD_BUG_ON(offsetof(struct chariot_gate, view) != CHARIOT_GATE_VIEW);
	BUILD_BUG_ON(offsetof(struct chariot_gate, gives) != CHARIOT_GATE_GIVES);
	BUILD_BUG_ON(CHARIOT_GATE_STACK != CHARIOT_PLAN_STACK);
	g = kvcalloc(entries + imports, sizeof(*g), GFP_KERNEL);
	if (!g)
		return -ENOMEM;
	d->gates.gates = g;
	for (i = 0; i < entries + imports; i++) {
		g[i].driver = d;
		g[i].number = NO_GATE;
	}
	for (i = 0; i < entries; i++) {
		entry_types(&g[i], &d->plan->entries[i], d->plan);
		g[i].gives = true;
	}
	for (i = 0; i < imports; i++)
		import_types(&g[entries + i], &d->plan->imports[i]);
	ret = take(g, entries, 0, CHARIOT_ENTRY_GATES);
	if (!ret)
		ret = take(g + entries, imports, CHARIOT_ENTRY_GATES, GATES);
	if (ret)
		chariot_gates_detach(d);
	return ret;
}

/* After a grace period in which nobody could come through a gate any more. */
void chariot_gates_detach(struct chariot_driver *d)
{
	if (!d->gates.gates)
		return;
	give_back(d->gates.gates, d->plan->h.entries + d->plan->h.imports);
	kvfree(d->gates.gates);
	d->gates.gates = NULL;
}

void chariot_gates_switch(struct chariot_driver *d)
{
	struct chariot_gate *g = d->gates.gates;
	u32 i;

	if (!g || !chariot_can_switch())
		return;
	for (i = 0; i < d->plan->h.entries + d->plan->h.imports; i++)
		WRITE_ONCE(g[i].view, d->domain);
}

/* --- relocation ----------------------------------------------------------------- */

/* Sections in which the address of a function is one to call. */
static bool has_pointers(const char *section)
{
	static const char * const prefixes[] = {
		".text", ".data", ".rodata", ".init.text", ".init.data",
		".init.rodata", ".exit.text", ".exit.data", ".ref.text",
		".ref.data", ".gnu.linkonce.this_module", "__ksymtab",
	};
	size_t i;

	if (!strcmp(section, "__ksymtab_strings"))
		return false;
	for (i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(section, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

/* The number of the entry at this place, or entries. */
static u32 entry_at(const struct chariot_plan *plan, u32 section, u64 offset)
{
	u32 low = 0, high = plan->h.entries, mid;

	while (low < high) {
		const struct chariot_plan_entry *e;

		mid = low + (high - low) / 2;
		e = &plan->entries[mid];
		if (e->section == section && e->offset == offset)
			return mid;
		if (e->section < section ||
		    (e->section == section && e->offset < offset))
			low = mid + 1;
		else
			high = mid;
	}
	return plan->h.entries;
}

/*
 * The kernel is told the gate's address instead: symbol 0, whose value is 0. The
 * module's file has been checked by now; this is the loader's copy.
 */
static void bind(Elf64_Rela *rel, unsigned long address, s64 bias)
{
	rel->r_info = ELF64_R_TYPE(rel->r_info);	/* and symbol 0 */
	rel->r_addend = address - bias;
}

static void bind_entry(struct chariot_driver *d, Elf64_Rela *rel,
		       const Elf64_Sym *sym, const Elf64_Shdr *sechdrs, s64 bias)
{
	unsigned long address = sym->st_value + rel->r_addend + bias;
	u32 n = entry_at(d->plan, sym->st_shndx,
			 address - sechdrs[sym->st_shndx].sh_addr);
	struct chariot_gate *g;

	if (n == d->plan->h.entries)
		return;
	g = &d->gates.gates[n];
	g->target = address;
	bind(rel, gate_address(g->number), bias);
	d->gates.entries_bound++;
}

static u32 import_called(const struct chariot_plan *plan, const char *name)
{
	u32 low = 0, high = plan->h.imports, mid;
	int order;

	while (low < high) {
		mid = low + (high - low) / 2;
		order = strcmp(plan->strings + plan->imports[mid].name, name);
		if (!order)
			return mid;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return plan->h.imports;
}

/* Calls only: an address that is given away is the kernel's function. */
static void bind_import(struct chariot_driver *d, Elf64_Rela *rel,
			const Elf64_Sym *sym, const char *name)
{
	enum chariot_import_class cls;
	struct chariot_gate *g;
	u32 n;

	if (!sym->st_value)
		return;
	n = import_called(d->plan, name);
	if (n == d->plan->h.imports)
		return;
	g = &d->gates.gates[d->plan->h.entries + n];
	/* What a wrapper gives, it hands itself. */
	chariot_import_target(d, name, &cls);
	if (cls != CHARIOT_IMPORT_PLAIN)
		WRITE_ONCE(g->gives, false);
	if (g->number == NO_GATE || !is_wanted(g) ||
	    cls == CHARIOT_IMPORT_LEAF || cls == CHARIOT_IMPORT_VARARGS)
		return;
	g->target = sym->st_value;
	bind(rel, gate_address(g->number), 4);
	d->gates.imports_bound++;
}

void chariot_gates_relocate(struct chariot_driver *d, Elf64_Shdr *sechdrs,
			    const char *strtab, unsigned int symindex,
			    unsigned int relsec)
{
	/* The relocations themselves are where they are in the file. */
	const char *file = (const char *)sechdrs[relsec].sh_addr -
			   sechdrs[relsec].sh_offset;
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)file;
	const char *names = file + sechdrs[header->e_shstrndx].sh_offset;
	const Elf64_Sym *symbols = (void *)sechdrs[symindex].sh_addr, *sym;
	Elf64_Rela *rel = (void *)sechdrs[relsec].sh_addr;
	Elf64_Rela *end = rel + sechdrs[relsec].sh_size / sizeof(*rel);

	if (!d->gates.gates ||
	    !has_pointers(names + sechdrs[sechdrs[relsec].sh_info].sh_name))
		return;
	for (; rel < end; rel++) {
		sym = symbols + ELF64_R_SYM(rel->r_info);
		if (sym == symbols)
			continue;
		switch (ELF64_R_TYPE(rel->r_info)) {
		case R_X86_64_64:
		case R_X86_64_32:
		case R_X86_64_32S:
			if (sym->st_shndx && sym->st_shndx < header->e_shnum)
				bind_entry(d, rel, sym, sechdrs, 0);
			break;
		case R_X86_64_PC32:
			/* in __ksymtab there is no instruction to count from */
			if (sym->st_shndx && sym->st_shndx < header->e_shnum)
				bind_entry(d, rel, sym, sechdrs,
					   strstarts(names +
						sechdrs[sechdrs[relsec].sh_info].sh_name,
						"__ksymtab") ? 0 : 4);
			break;
		case R_X86_64_PLT32:
			if (!sym->st_shndx && rel->r_addend == -4)
				bind_import(d, rel, sym, strtab + sym->st_name);
			break;
		}
	}
}

/* Where its text is, is known when it has been laid out. */
void chariot_gates_laid_out(struct chariot_driver *d, const struct module *mod)
{
	struct chariot_section s;
	unsigned int i, j;

	if (!d->gates.gates)
		return;
	for (i = 0; chariot_module_section(mod, i, &s); i++) {
		if (s.role != CHARIOT_SECTION_TEXT || s.init)
			continue;
		for (j = 0; j < d->plan->h.entries; j++) {
			d->gates.gates[j].text = (unsigned long)s.base;
			d->gates.gates[j].text_size = s.size;
		}
	}
}

/* --- called by gate_calls.S ------------------------------------------------------ */

/* Called from gate_calls.S only. */
unsigned long chariot_gate_entered(const unsigned long *args,
				   struct chariot_gate *g);
void chariot_gate_import_returned(const unsigned long *args,
				  struct chariot_gate *g, unsigned long ret);

static bool same_as_last(struct chariot_gate *g, int i, unsigned long p)
{
	return READ_ONCE(g->last[i]) == p &&
	       READ_ONCE(g->generation) == chariot_handed_generation(g->driver);
}

/* What was forgotten while it was handed is handed again the next time. */
static void remember(struct chariot_gate *g, int i, unsigned long p)
{
	u64 generation = chariot_handed_generation(g->driver);

	if (READ_ONCE(g->generation) != generation) {
		memset(g->last, 0, sizeof(g->last));
		WRITE_ONCE(g->generation, generation);
	}
	WRITE_ONCE(g->last[i], p);
}

void chariot_gates_wrote(struct chariot_driver *d, unsigned long object, bool data)
{
	struct chariot_gate *g = d->gates.gates;
	u32 n;
	int i;

	for (n = 0; g && n < d->plan->h.entries; n++, g++)
		for (i = 0; i < CHARIOT_PLAN_ARGS; i++)
			if (READ_ONCE(g->last[i]) == object)
				WRITE_ONCE(g->wrote[i], data ? WROTE_DATA :
					   max_t(u8, g->wrote[i], WROTE_OBJECT));
}

static void hand(struct chariot_gate *g, int i, unsigned long p)
{
	u32 type = g->types[i];

	if (same_as_last(g, i, p))
		return;
	if (CHARIOT_PLAN_IS_AREA(type))
		chariot_handed_add_area(g->driver, p,
					type - CHARIOT_PLAN_AREA(0));
	else
		chariot_handed_add(g->driver, p, type);
	remember(g, i, p);
	if (READ_ONCE(g->wrote[i]))
		chariot_handed_lend(g->driver, p, g->wrote[i] == WROTE_DATA);
}

/* The pointer, which the driver may change, and what it points to by now. */
static void hand_pointer(struct chariot_driver *d, unsigned long p, u32 type)
{
	unsigned long object = chariot_peek((void *)p);

	chariot_handed_add_bytes(d, p, sizeof(object));
	if (object)
		chariot_handed_add(d, object, type);
}

/* Each with its NUL, as far as they can be read. */
static void hand_strings(struct chariot_driver *d, unsigned long strings, u32 n)
{
	unsigned long p, word, size;
	u32 i;

	for (i = 0; i < min_t(u32, n, STRINGS_MAX); i++) {
		p = chariot_peek((unsigned long *)strings + i);
		for (size = 0; p && size < PAGE_SIZE; size++) {
			word = chariot_peek((void *)ALIGN_DOWN(p + size, 8));
			if (!(u8)(word >> 8 * ((p + size) & 7)))
				break;
		}
		if (p)
			chariot_handed_add_bytes(d, p, size + 1);
	}
}

/* The kernel calls the driver; returns where it wants to. */
notrace unsigned long chariot_gate_entered(const unsigned long *args,
					   struct chariot_gate *g)
{
	int i;

	for (i = 0; i < CHARIOT_PLAN_ARGS; i++) {
		switch (g->types[i]) {
		case CHARIOT_PLAN_NONE:
			break;
		case CHARIOT_PLAN_BYTES:
			chariot_handed_add_bytes(g->driver, args[i],
						 (u32)args[i + 1]);
			break;
		case CHARIOT_PLAN_STRINGS:
			hand_strings(g->driver, args[i], args[i - 1]);
			break;
		default:
			if (CHARIOT_PLAN_IS_POINTER(g->types[i]))
				hand_pointer(g->driver, args[i],
					     CHARIOT_PLAN_POINTED(g->types[i]));
			else
				hand(g, i, args[i]);
		}
	}
	return g->target;
}

static void hand_returned(struct chariot_gate *g, unsigned long p)
{
	chariot_handed_add(g->driver, p, g->ret);
	if (chariot_handed_at_once(g->driver, g->ret))
		chariot_handed_lend(g->driver, p, false);
}

/* What a call has left in its caller's structure; after an error, nothing. */
static void hand_pointers(struct chariot_driver *d, unsigned long p, u32 type,
			  unsigned long ret)
{
	const struct chariot_plan_type *t = &d->plan->types[type];
	const struct chariot_plan_member *m = &d->plan->members[t->member];
	unsigned long object;
	u32 i;

	for (i = 0; i < t->members && !(u32)ret; i++, m++) {
		object = m->count == 1 ? chariot_peek((void *)p + m->offset) : 0;
		if (object)
			chariot_handed_add(d, object, m->type);
	}
}

notrace void chariot_gate_import_returned(const unsigned long *args,
					  struct chariot_gate *g,
					  unsigned long ret)
{
	int i;

	if (g->ret != CHARIOT_PLAN_NONE && !IS_ERR_VALUE(ret))
		hand_returned(g, ret);
	for (i = 0; i < CHARIOT_PLAN_ARGS; i++) {
		if (CHARIOT_PLAN_IS_FILLED(g->types[i]))
			hand_pointers(g->driver, args[i],
				      CHARIOT_PLAN_FILLED_TYPE(g->types[i]),
				      ret);
		else if (g->types[i] != CHARIOT_PLAN_NONE)
			chariot_handed_add(g->driver,
					   chariot_peek((void *)args[i]),
					   g->types[i]);
	}
}
