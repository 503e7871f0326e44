// SPDX-License-Identifier: GPL-2.0-only
/* A small kernel's BTF, and a module of that kernel. User space. */
#include <bpf/btf.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "sample_types.h"

/* --- the kernel ---------------------------------------------------------------- */

/* The numbers of the types, in the order in which they are made. */
enum { NONE, INT, LIST, LIST_PTR, CHILD, CHILD_PTR, CONST_CHILD,
	CONST_CHILD_PTR, KIDS, HIDDEN, HIDDEN_PTR, UNNAMED, OBJECT, OBJECT_PTR };

static void list_and_child(struct btf *btf)
{
	btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	btf__add_struct(btf, "list", 16);
	btf__add_field(btf, "next", LIST_PTR, 0, 0);
	btf__add_field(btf, "prev", LIST_PTR, 64, 0);
	btf__add_ptr(btf, LIST);
	btf__add_struct(btf, "child", 16);
	btf__add_field(btf, "parent", OBJECT_PTR, 0, 0);
	btf__add_field(btf, "flags", INT, 64, 3);
	btf__add_ptr(btf, CHILD);
	btf__add_const(btf, CHILD);
	btf__add_ptr(btf, CONST_CHILD);
}

static void object(struct btf *btf)
{
	btf__add_array(btf, INT, CHILD_PTR, 2);
	btf__add_fwd(btf, "hidden", BTF_FWD_STRUCT);
	btf__add_ptr(btf, HIDDEN);
	btf__add_union(btf, NULL, 8);
	btf__add_field(btf, "child", CHILD_PTR, 0, 0);
	btf__add_field(btf, "list", LIST_PTR, 0, 0);
	btf__add_field(btf, "again", LIST_PTR, 0, 0);
	btf__add_struct(btf, "object", 64);
	btf__add_field(btf, "list", LIST, 0, 0);
	btf__add_field(btf, "constant", CONST_CHILD_PTR, 128, 0);
	btf__add_field(btf, "kids", KIDS, 192, 0);
	btf__add_field(btf, "", UNNAMED, 320, 0);
	btf__add_field(btf, "hidden", HIDDEN_PTR, 384, 0);
	btf__add_ptr(btf, OBJECT);
}

static void function(struct btf *btf, const char *name, int ret, int first,
		     int second, int third, int fourth)
{
	const int params[] = { first, second, third, fourth };
	int i, proto = btf__add_func_proto(btf, ret);

	for (i = 0; i < 4 && params[i]; i++)
		btf__add_func_param(btf, "arg", params[i]);
	btf__add_func(btf, name, BTF_FUNC_STATIC, proto);
}

/* As in shaped.h: what the fuzzer's modules may have tables of. */
static void operations(struct btf *btf)
{
	int open, module, any, ops;

	open = btf__add_func_proto(btf, INT);
	btf__add_func_param(btf, "object", OBJECT_PTR);
	open = btf__add_ptr(btf, open);
	module = btf__add_ptr(btf, btf__add_fwd(btf, "module", BTF_FWD_STRUCT));
	any = btf__add_ptr(btf, NONE);
	ops = btf__add_struct(btf, "file_operations", 32);
	btf__add_field(btf, "owner", module, 0, 0);
	btf__add_field(btf, "open", open, 64, 0);
	btf__add_field(btf, "close", open, 128, 0);
	btf__add_field(btf, "data", any, 192, 0);
	function(btf, "register_file", INT, btf__add_ptr(btf, ops), INT, 0, 0);
}

struct btf *sample_kernel_types(void)
{
	struct btf *btf = btf__new_empty();
	int object_ptr_ptr, const_ptr_ptr, path, path_ptr, proto;

	list_and_child(btf);
	object(btf);
	object_ptr_ptr = btf__add_ptr(btf, OBJECT_PTR);
	const_ptr_ptr = btf__add_ptr(btf, btf__add_const(btf, OBJECT_PTR));
	path = btf__add_struct(btf, "path", 8);
	btf__add_field(btf, "object", OBJECT_PTR, 0, 0);
	path_ptr = btf__add_ptr(btf, path);
	function(btf, "get_object", OBJECT_PTR, INT, 0, 0, 0);
	function(btf, "find_object", INT, INT, object_ptr_ptr, const_ptr_ptr, 0);
	function(btf, "get_constant", CONST_CHILD_PTR, OBJECT_PTR, 0, 0, 0);
	function(btf, "get_number", INT, OBJECT_PTR, path_ptr, 0, 0);
	/* Of variable arguments. */
	proto = btf__add_func_proto(btf, INT);
	btf__add_func_param(btf, "object", OBJECT_PTR);
	btf__add_func_param(btf, "", 0);
	btf__add_func(btf, "print_object", BTF_FUNC_STATIC, proto);
	function(btf, "in_assembly", NONE, 0, 0, 0, 0);
	/* A function of the kernel's that only has the name of the module's. */
	function(btf, "by_data", INT, LIST_PTR, 0, 0, 0);
	operations(btf);
	return btf;
}

/* --- the module's types ---------------------------------------------------------- */

struct btf *sample_module_types(struct btf *kernel)
{
	struct btf *btf = btf__new_empty_split(kernel);
	int hidden, hidden_ptr, alias, big, small, odd;

	hidden = btf__add_struct(btf, "hidden", 24);
	btf__add_field(btf, "object", OBJECT_PTR, 64, 0);
	hidden_ptr = btf__add_ptr(btf, hidden);
	alias = btf__add_typedef(btf, "object_t",
				 btf__add_volatile(btf, OBJECT_PTR));
	big = btf__add_struct(btf, "big", 24);
	small = btf__add_struct(btf, "small", 8);
	odd = btf__add_struct(btf, "odd", 12);
	function(btf, "by_data", INT, hidden_ptr, CONST_CHILD_PTR, alias, 0);
	function(btf, "by_code", INT, small, OBJECT_PTR, odd, OBJECT_PTR);
	function(btf, "by_end", big, OBJECT_PTR, 0, 0, 0);
	/* Two static functions of one name. */
	function(btf, "exported", INT, OBJECT_PTR, OBJECT_PTR, 0, 0);
	function(btf, "exported", INT, OBJECT_PTR, LIST_PTR, 0, 0);
	function(btf, "by_alias", INT, LIST_PTR, 0, 0, 0);
	return btf;
}

struct blob sample_blob(const struct btf *btf)
{
	struct blob blob;
	uint32_t size;
	const void *bytes = btf__raw_data(btf, &size);

	blob.size = size;
	blob.bytes = malloc(size);
	memcpy(blob.bytes, bytes, size);
	return blob;
}

/* --- the module's file ------------------------------------------------------------ */

enum { NUL, TEXT, DATA, KSYMTAB, MCOUNT, RELA_TEXT, RELA_DATA, RELA_KSYMTAB,
	RELA_MCOUNT, MODINFO, MODULE, BTF, SYMTAB, STRTAB, SHSTRTAB, SECTIONS };

static const char strings[] =
	"\0get_object\0find_object\0get_constant\0get_number"
	"\0by_data\0by_code\0by_end\0exported\0by_alias\0init_module"
	"\0branched\0cold.cold\0traced\0print_object"
	"\0in_assembly";

#define FUNC(name_, value)						\
	{ .st_name = name_, .st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC),	\
	  .st_shndx = TEXT, .st_value = value, .st_size = 16 }
#define IMPORT(name_)							\
	{ .st_name = name_, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE) }

static const Elf64_Sym symbols[] = {
	{ 0 },
	{ .st_info = ELF64_ST_INFO(STB_LOCAL, STT_SECTION), .st_shndx = TEXT },
	FUNC(48, 0), FUNC(56, 16), FUNC(64, 32), FUNC(71, 48), FUNC(80, 64),
	FUNC(89, 64), FUNC(101, 80), FUNC(110, 96), FUNC(120, 112),
	IMPORT(1), IMPORT(12), IMPORT(24), IMPORT(37), IMPORT(127),
	IMPORT(140),
};
enum { TEXT_SYMBOL = 1, BY_DATA, BY_CODE, BY_END, EXPORTED, BY_ALIAS,
	INIT_MODULE, BRANCHED, COLD, TRACED };

/* lea 0(%rip),%rdi; jmp 0 */
static const unsigned char text[128] = { 0x48, 0x8d, 0x3d, 0, 0, 0, 0, 0xe9 };

#define RELA(offset, symbol, type, addend)				\
	{ offset, ELF64_R_INFO((uint64_t)(symbol), type), addend }

static const Elf64_Rela rela_text[] = {
	RELA(3, TEXT_SYMBOL, R_X86_64_PC32, 16 - 4),	/* by_code */
	RELA(8, TEXT_SYMBOL, R_X86_64_PC32, 80 - 4),	/* a jump */
	RELA(20, BRANCHED, R_X86_64_PLT32, -4),
	RELA(24, BY_END, R_X86_64_32S, 0),
	RELA(28, BY_DATA, R_X86_64_32S, 1),		/* not its start */
};
static const Elf64_Rela rela_data[] = {
	RELA(0, TEXT_SYMBOL, R_X86_64_64, 0),		/* by_data */
	RELA(8, INIT_MODULE, R_X86_64_64, 0),
	RELA(16, COLD, R_X86_64_64, 0),
	RELA(24, 4000, R_X86_64_64, 0),			/* no symbol */
};
static const Elf64_Rela rela_ksymtab[] = {
	RELA(0, EXPORTED, R_X86_64_PC32, 0),
};
static const Elf64_Rela rela_mcount[] = {
	RELA(0, TRACED, R_X86_64_64, 0),
};

static const char modinfo[] = "name=typed\0depends=no-such,other";
static const char this_module[64];

#define LOADED(name, flags, bytes)					\
	{ name, SHT_PROGBITS, SHF_ALLOC | (flags), bytes, sizeof(bytes), 0, 0 }
#define RELOCATIONS(name, bytes, of)					\
	{ name, SHT_RELA, 0, bytes, sizeof(bytes), SYMTAB, of }

struct blob sample_typed_module(const struct blob *btf)
{
	static const char data[32], ksymtab[8], mcount[8];
	const struct sample_section sections[SECTIONS] = {
		[TEXT] = LOADED(".text", SHF_EXECINSTR, text),
		[DATA] = LOADED(".data", SHF_WRITE, data),
		[KSYMTAB] = LOADED("__ksymtab_gpl", 0, ksymtab),
		[MCOUNT] = LOADED("__mcount_loc", 0, mcount),
		[RELA_TEXT] = RELOCATIONS(".rela.text", rela_text, TEXT),
		[RELA_DATA] = RELOCATIONS(".rela.data", rela_data, DATA),
		[RELA_KSYMTAB] = RELOCATIONS(".rela__ksymtab_gpl",
					     rela_ksymtab, KSYMTAB),
		[RELA_MCOUNT] = RELOCATIONS(".rela__mcount_loc", rela_mcount,
					    MCOUNT),
		[MODINFO] = LOADED(".modinfo", 0, modinfo),
		[MODULE] = LOADED(".gnu.linkonce.this_module", SHF_WRITE,
				  this_module),
		[BTF] = { btf ? ".BTF" : ".noBTF", SHT_PROGBITS, 0,
			  btf ? btf->bytes : NULL, btf ? btf->size : 0, 0, 0 },
		[SYMTAB] = { ".symtab", SHT_SYMTAB, 0, symbols,
			     sizeof(symbols), STRTAB, 0 },
		[STRTAB] = { ".strtab", SHT_STRTAB, 0, strings,
			     sizeof(strings), 0, 0 },
		[NUL] = { "", SHT_NULL, 0, NULL, 0, 0, 0 },
		[SHSTRTAB] = { ".shstrtab", SHT_STRTAB, 0, NULL, 0, 0, 0 },
	};
	Elf64_Shdr headers[SECTIONS];
	struct blob blob;

	blob.bytes = sample_build(sections, SECTIONS, headers, &blob.size);
	return blob;
}
