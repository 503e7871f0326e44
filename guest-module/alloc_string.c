// SPDX-License-Identifier: GPL-2.0
/*
 * Wrappers: copies of memory, of strings and of user memory.
 *
 * Not here: kstrdup_const(), kvasprintf_const(), devm_kstrdup_const(): what they
 * return is const, and kfree_const() takes it from wherever it is.
 * Runs in the guest kernel, called by drivers.
 */
#include <linux/string.h>
#include <linux/types.h>
#include <linux/parser.h>
#include <linux/string_helpers.h>
#include <linux/uaccess.h>
#include <net/netlink.h>

#include "alloc.h"

/* The originals; with an unknown caller they are all that is done. */
CHARIOT_WRAPPERS_BEGIN;

CHARIOT_WRAPPER void *chariot_wrap_kmemdup(const void *src, size_t len, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return kmemdup(src, len, gfp);
	return chariot_heap_dup(c.driver, src, len, gfp, "kmemdup", c.site);
}

CHARIOT_WRAPPER void *chariot_wrap_kmemdup_array(const void *src, size_t count,
						 size_t element, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();
	size_t len = size_mul(element, count);

	if (!c.driver)
		return kmemdup(src, len, gfp);
	return chariot_heap_dup(c.driver, src, len, gfp, "kmemdup_array", c.site);
}

CHARIOT_WRAPPER void *chariot_wrap_kvmemdup(const void *src, size_t len, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();
	void *p = c.driver ? chariot_heap_kvalloc(c.driver, len, gfp, NUMA_NO_NODE,
						  "kvmemdup", c.site)
			   : kvmalloc(len, gfp);

	if (p)
		memcpy(p, src, len);
	return p;
}

CHARIOT_WRAPPER char *chariot_wrap_kmemdup_nul(const char *s, size_t len,
					       gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return kmemdup_nul(s, len, gfp);
	return s ? chariot_heap_dup_nul(c.driver, s, len, gfp, "kmemdup_nul",
					c.site) : NULL;
}

CHARIOT_WRAPPER char *chariot_wrap_kstrdup(const char *s, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return kstrdup(s, gfp);
	return s ? chariot_heap_dup_nul(c.driver, s, strlen(s), gfp, "kstrdup",
					c.site) : NULL;
}

CHARIOT_WRAPPER char *chariot_wrap_kstrndup(const char *s, size_t max, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return kstrndup(s, max, gfp);
	return s ? chariot_heap_dup_nul(c.driver, s, strnlen(s, max), gfp,
					"kstrndup", c.site) : NULL;
}

CHARIOT_WRAPPER char *chariot_wrap_kstrdup_and_replace(const char *s, char from,
						       char to, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();
	char *p, *q;

	if (!s)
		return NULL;
	p = c.driver ? chariot_heap_dup_nul(c.driver, s, strlen(s), gfp, "kstrdup",
					    c.site) : kstrdup(s, gfp);
	for (q = p; q && *q; q++)
		if (*q == from)
			*q = to;
	return p;
}

CHARIOT_WRAPPER __printf(2, 0)
char *chariot_wrap_kvasprintf(gfp_t gfp, const char *fmt, va_list args)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return kvasprintf(gfp, fmt, args);
	return chariot_heap_vprintf(c.driver, gfp, fmt, args, "kasprintf", c.site);
}

CHARIOT_WRAPPER __printf(2, 3)
char *chariot_wrap_kasprintf(gfp_t gfp, const char *fmt, ...)
{
	struct chariot_call c = chariot_caller();
	va_list args;
	char *p;

	chariot_va_start(args, fmt);
	p = c.driver ? chariot_heap_vprintf(c.driver, gfp, fmt, args, "kasprintf",
					    c.site) : kvasprintf(gfp, fmt, args);
	va_end(args);
	return p;
}

CHARIOT_WRAPPER char *chariot_wrap_match_strdup(const substring_t *s)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return match_strdup(s);
	return chariot_heap_dup_nul(c.driver, s->from, s->to - s->from, GFP_KERNEL,
				    "match_strdup", c.site);
}

CHARIOT_WRAPPER char *chariot_wrap_nla_strdup(const struct nlattr *nla, gfp_t gfp)
{
	struct chariot_call c = chariot_caller();

	if (!c.driver)
		return nla_strdup(nla, gfp);
	return chariot_heap_dup_nul(c.driver, nla_data(nla),
				    strnlen(nla_data(nla), nla_len(nla)), gfp,
				    "nla_strdup", c.site);
}

/* --- from user memory ------------------------------------------------------------------ */

static void *dup_user(const struct chariot_call *c, const void __user *src,
		      size_t len, size_t nul, const char *family)
{
	char *p = chariot_heap_alloc(c->driver, len + nul, GFP_USER | __GFP_NOWARN,
				     NUMA_NO_NODE, family, c->site);

	if (!p)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(p, src, len)) {
		kfree(p);
		return ERR_PTR(-EFAULT);
	}
	if (nul)
		p[len] = '\0';
	return p;
}

CHARIOT_WRAPPER void *chariot_wrap_memdup_user(const void __user *src, size_t len)
{
	struct chariot_call c = chariot_caller();

	return c.driver ? dup_user(&c, src, len, 0, "memdup_user")
			: memdup_user(src, len);
}

CHARIOT_WRAPPER void *chariot_wrap_memdup_user_nul(const void __user *src,
						   size_t len)
{
	struct chariot_call c = chariot_caller();

	return c.driver ? dup_user(&c, src, len, 1, "memdup_user_nul")
			: memdup_user_nul(src, len);
}

CHARIOT_WRAPPER void *chariot_wrap_vmemdup_user(const void __user *src, size_t len)
{
	struct chariot_call c = chariot_caller();
	void *p;

	if (!c.driver)
		return vmemdup_user(src, len);
	p = chariot_heap_kvalloc(c.driver, len, GFP_USER, NUMA_NO_NODE,
				 "vmemdup_user", c.site);
	if (!p)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(p, src, len)) {
		kvfree(p);
		return ERR_PTR(-EFAULT);
	}
	return p;
}

CHARIOT_WRAPPER char *chariot_wrap_strndup_user(const char __user *s, long max)
{
	struct chariot_call c = chariot_caller();
	long len;
	char *p;

	if (!c.driver)
		return strndup_user(s, max);
	len = strnlen_user(s, max);	/* with the NUL; 0 on a fault */
	if (!len)
		return ERR_PTR(-EFAULT);
	if (len > max)
		return ERR_PTR(-EINVAL);
	p = dup_user(&c, s, len, 0, "strndup_user");
	if (!IS_ERR(p))
		p[len - 1] = '\0';
	return p;
}

CHARIOT_WRAPPERS_END;
