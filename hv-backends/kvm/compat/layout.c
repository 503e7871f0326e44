// SPDX-License-Identifier: GPL-2.0-only
/*
 * Layouts of KVM's private structures, from the type information (BTF) of the
 * running kvm.ko, and a check that its public ones are those of the headers
 * this module was built with.
 * Runs in the host kernel when the module is loaded; trusts /sys/kernel/btf,
 * which the kernel itself fills.
 */
#include <linux/btf.h>
#include <linux/fs.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "../backend.h"

#define FILE_MAX	SZ_256M

struct chariot_layout chariot_layout;

struct btf_image {
	void *data;
	const char *types;
	u32 types_len;
	const char *strings;
	u32 strings_len;
};

struct btf_pair {
	struct btf_image base;		/* vmlinux */
	struct btf_image module;	/* kvm; empty if KVM is built in */
};

/*
 * The whole file, with its size in *size. Not kernel_read_file(): that is for
 * code and policies, and IPE (6.12) warns of any other purpose.
 */
static void *read_file(const char *path, size_t *size)
{
	struct file *file = filp_open(path, O_RDONLY, 0);
	void *data = NULL;
	loff_t at = 0;
	ssize_t got;

	if (IS_ERR(file))
		return ERR_CAST(file);
	*size = i_size_read(file_inode(file));
	if (*size && *size <= FILE_MAX)
		data = vmalloc(*size);
	while (data && at < *size) {
		got = kernel_read(file, data + at, *size - at, &at);
		if (got <= 0) {
			vfree(data);
			data = ERR_PTR(got ? got : -EIO);
			break;
		}
	}
	fput(file);
	return data ? data : ERR_PTR(-ENOMEM);
}

static int image_load(struct btf_image *image, const char *path)
{
	const struct btf_header *h;
	size_t size;
	void *data = read_file(path, &size);

	if (IS_ERR(data))
		return PTR_ERR(data);
	h = data;
	if (size < sizeof(*h) || h->magic != BTF_MAGIC ||
	    (u64)h->hdr_len + h->type_off + h->type_len > size ||
	    (u64)h->hdr_len + h->str_off + h->str_len > size) {
		vfree(data);
		return -EINVAL;
	}
	image->data = data;
	image->types = data + h->hdr_len + h->type_off;
	image->types_len = h->type_len;
	image->strings = data + h->hdr_len + h->str_off;
	image->strings_len = h->str_len;
	return 0;
}

static void image_free(struct btf_image *image)
{
	vfree(image->data);
}

/* A module's names go on where the kernel's end. */
static bool name_is(const struct btf_pair *pair, u32 offset, const char *name)
{
	const struct btf_image *image = &pair->base;
	size_t length = strlen(name) + 1;

	if (offset >= image->strings_len) {
		offset -= image->strings_len;
		image = &pair->module;
	}
	return offset < image->strings_len &&
	       image->strings_len - offset >= length &&
	       !memcmp(image->strings + offset, name, length);
}

static u32 tail_size(const struct btf_type *t)
{
	u32 n = btf_type_vlen(t);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
		return sizeof(u32);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return n * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return n * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return n * sizeof(struct btf_param);
	case BTF_KIND_VAR:
		return sizeof(struct btf_var);
	case BTF_KIND_DATASEC:
		return n * sizeof(struct btf_var_secinfo);
	case BTF_KIND_DECL_TAG:
		return sizeof(struct btf_decl_tag);
	case BTF_KIND_ENUM64:
		return n * sizeof(struct btf_enum64);
	default:
		return 0;
	}
}

static const struct btf_type *find_struct(const struct btf_pair *pair,
					  const struct btf_image *image,
					  const char *name)
{
	u32 at = 0;

	while (image->types_len - at >= sizeof(struct btf_type)) {
		const struct btf_type *t = (void *)(image->types + at);
		u32 size = sizeof(*t) + tail_size(t);

		if (size > image->types_len - at)
			break;
		if (BTF_INFO_KIND(t->info) == BTF_KIND_STRUCT &&
		    name_is(pair, t->name_off, name))
			return t;
		at += size;
	}
	return NULL;
}

static const struct btf_type *find_type(const struct btf_pair *pair,
					const char *name)
{
	const struct btf_type *t = find_struct(pair, &pair->module, name);

	return t ? t : find_struct(pair, &pair->base, name);
}

static int member_offset(const struct btf_pair *pair, const char *type,
			 const char *member, u32 *offset)
{
	const struct btf_type *t = find_type(pair, type);
	const struct btf_member *m;
	u32 i;

	m = (const struct btf_member *)(t + 1);
	for (i = 0; t && i < btf_type_vlen(t); i++, m++) {
		u32 bits = BTF_INFO_KFLAG(t->info) ?
			   BTF_MEMBER_BIT_OFFSET(m->offset) : m->offset;

		if (name_is(pair, m->name_off, member) && !(bits & 7)) {
			*offset = bits / 8;
			return 0;
		}
	}
	pr_err("this kernel's KVM has no %s.%s\n", type, member);
	return -EOPNOTSUPP;
}

static int check_size(const struct btf_pair *pair, const char *type, u32 size)
{
	const struct btf_type *t = find_type(pair, type);

	if (t && t->size == size)
		return 0;
	pr_err("struct %s has %u bytes in the running KVM and %u in the headers this module was built with; build it for this kernel\n",
	       type, t ? t->size : 0, size);
	return -EOPNOTSUPP;
}

/* Ours must begin like KVM's and be no smaller. */
static int check_exception(const struct btf_pair *pair)
{
	const struct btf_type *t = find_type(pair, "x86_exception");
	u32 address = 0;

	if (t && t->size <= sizeof(struct x86_exception) &&
	    !member_offset(pair, "x86_exception", "address", &address) &&
	    address == offsetof(struct x86_exception, address))
		return 0;
	pr_err("struct x86_exception of this kernel's KVM is not the known one\n");
	return -EOPNOTSUPP;
}

static int layout_read(const struct btf_pair *pair)
{
	struct chariot_layout *l = &chariot_layout;
	const struct {
		const char *type, *member;
		u32 *offset;
	} wanted[] = {
		{ "kvm_mmu_page", "link", &l->sp_link },
		{ "kvm_mmu_page", "tdp_mmu_page", &l->sp_tdp },
		{ "kvm_mmu_page", "role", &l->sp_role },
		{ "kvm_mmu_page", "spt", &l->sp_spt },
		{ "kvm_page_fault", "gfn", &l->fault_gfn },
		{ "kvm_page_fault", "max_level", &l->fault_max_level },
	};
	int i, err;

	err = check_size(pair, "kvm_vcpu", sizeof(struct kvm_vcpu));
	if (!err)
		err = check_size(pair, "kvm", sizeof(struct kvm));
	if (!err)
		err = check_size(pair, "kvm_x86_ops",
				 sizeof(struct kvm_x86_ops));
	if (!err)
		err = check_exception(pair);
	for (i = 0; !err && i < ARRAY_SIZE(wanted); i++)
		err = member_offset(pair, wanted[i].type, wanted[i].member,
				    wanted[i].offset);
	return err;
}

/* The bits of the view must mean nothing to this KVM. */
static int check_role(void)
{
	union kvm_mmu_page_role role = { .word = CHARIOT_VIEW_MASK };

	if (role.level || role.has_4_byte_gpte || role.quadrant ||
	    role.direct || role.access || role.invalid || role.efer_nx ||
	    role.cr0_wp || role.smep_andnot_wp || role.smap_andnot_wp ||
	    role.ad_disabled || role.guest_mode || role.passthrough ||
	    role.smm) {
		pr_err("this kernel's KVM uses the bits of kvm_mmu_page_role that views need\n");
		return -EOPNOTSUPP;
	}
	return 0;
}

/**
 * chariot_layout_init - read the layouts of the running KVM
 *
 * Returns 0 or a negative errno, with the reason in the log.
 */
int chariot_layout_init(void)
{
	struct btf_pair pair = {};
	int err;

	err = check_role();
	if (err)
		return err;
	err = image_load(&pair.base, "/sys/kernel/btf/vmlinux");
	if (err) {
		pr_err("cannot read /sys/kernel/btf/vmlinux (%d); the kernel needs CONFIG_DEBUG_INFO_BTF\n",
		       err);
		return -EOPNOTSUPP;
	}
	err = image_load(&pair.module, "/sys/kernel/btf/kvm");
	if (err == -ENOENT) {
		err = 0;	/* built in: its types are the kernel's */
	} else if (err) {
		pr_err("cannot read /sys/kernel/btf/kvm (%d); the kernel needs CONFIG_DEBUG_INFO_BTF_MODULES\n",
		       err);
		err = -EOPNOTSUPP;
		goto out;
	}
	err = layout_read(&pair);
	image_free(&pair.module);
out:
	image_free(&pair.base);
	return err;
}
