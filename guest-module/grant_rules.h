/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a driver may write beyond its own memory, by the kernel's own interfaces.
 * The rules are the tables of grant_rules.c, which are all there is to review;
 * grants.c and its kin apply them.
 *
 * Every right ends. Those to slab objects and pages end when these are freed,
 * which frames.c sees; the others end as their rule says.
 */
#ifndef CHARIOT_GRANT_RULES_H
#define CHARIOT_GRANT_RULES_H

#include <linux/mm.h>
#include <linux/stddef.h>

#include "chariot.h"

/**
 * struct chariot_member - a member that inlined kernel code writes
 * @text: "type.member"
 * @offset: in the object
 * @size: bytes
 */
struct chariot_member {
	const char *text;
	u32 offset;
	u32 size;
};

#define CHARIOT_MEMBER(type, member)					\
	{ #type "." #member, offsetof(struct type, member),		\
	  sizeof_field(struct type, member) }

/**
 * struct chariot_object_rule - members of objects of one type, settled when a
 * write hits one
 * @type: for people
 * @cache: the object is one of this slab cache; NULL: of any, see @belongs
 * @embedded: the object lies anywhere: only its first byte's distance is known
 * @belongs: is this object, which may be anything, the driver's to write? Reads
 *	it with chariot_peek() only. NULL: every driver's.
 * @members: which of it, ended by one without text
 *
 * The right ends when the slab object is freed.
 */
struct chariot_object_rule {
	const char *type;
	const char *cache;
	bool embedded;
	bool (*belongs)(const struct chariot_driver *d, const void *object);
	const struct chariot_member *members;
};

#define CHARIOT_PAYLOAD_MAX	PAGE_SIZE	/* beside an object, that is believed */

/* A member of 32 bits: the word that holds it is read. */
static inline u32 chariot_peek32(const void *p)
{
	unsigned long at = (unsigned long)p;
	u64 word = chariot_peek((void *)ALIGN_DOWN(at, sizeof(word)));

	return word >> (BITS_PER_BYTE * (at & 4));
}

struct chariot_span {
	unsigned long start;
	size_t size;
	enum chariot_kind kind;		/* of data */
};

/* Does it lie in the direct map, as one extent? */
static inline bool chariot_span_is_extent(const struct chariot_span *s)
{
	return s->size && s->start + s->size > s->start &&
	       virt_addr_valid((void *)s->start) &&
	       virt_addr_valid((void *)(s->start + s->size - 1));
}

static inline struct chariot_extent chariot_span_extent(const struct chariot_span *s)
{
	return (struct chariot_extent) { __pa(s->start), s->size, s->kind };
}

/**
 * struct chariot_type_rule - what of an object that a driver is handed it gets;
 * without a rule: its bytes
 * @type: structure's tag
 * @give: CHARIOT_GIVE_NOTHING: other rules know better, or nobody should write it;
 *	CHARIOT_GIVE_MEMBERS: @members; CHARIOT_GIVE_PRIVATE: its bytes, and what is
 *	behind it in the same allocation; CHARIOT_GIVE_BYTES: its bytes
 * @members: ended by one without text
 * @behind: finds data that goes with the object and that BTF doesn't know, and
 *	that holds va: reads with chariot_peek() only; false if there is none. Or NULL
 * @holder: the object of this type that may have va among its data: a guess, which
 *	@behind proves; 0 if there is none. Then objects of the type need not be
 *	looked at one by one. Or NULL
 * @by_pointer: one that a function of the driver's is given a pointer to a pointer
 *	to is handed: the pointer is set already
 * @at_once: there are many, each for a short time: granted as soon as a call returns
 *	one, or a function of the driver's is given one that wrote to the last one. Then
 *	@behind is also asked with va 0, for all of the data
 * @own: @behind is asked of the driver's own objects, too
 * @seen: told when one is handed to the driver, also if it is its own; true if
 *	that is all there is to do. Or NULL
 */
struct chariot_type_rule {
	const char *type;
	enum {
		CHARIOT_GIVE_BYTES,
		CHARIOT_GIVE_NOTHING,
		CHARIOT_GIVE_MEMBERS,
		CHARIOT_GIVE_PRIVATE,
	} give;
	const struct chariot_member *members;
	bool (*behind)(const struct chariot_driver *d, unsigned long object,
		       unsigned long va, struct chariot_span *data);
	unsigned long (*holder)(unsigned long va);
	bool by_pointer;
	bool at_once;
	bool own;
	bool (*seen)(struct chariot_driver *d, unsigned long object);
};

/* May a driver that imports this variable of the kernel write it? */
bool chariot_symbol_rule(const char *name);

/* The rule of a type, or NULL. */
const struct chariot_type_rule *chariot_type_rule(const char *type);
/* The rules with a holder(), by number from 0; NULL behind the last. */
const struct chariot_type_rule *chariot_holder_rule(size_t n);

/* Is it data or a function of the driver's? Functions are known by their gates. */
bool chariot_in_module(const struct chariot_driver *d, const void *p);

extern const struct chariot_object_rule chariot_object_rules[];
extern const size_t chariot_object_rules_nr;

/*
 * Of the current task; bio: handed to the driver and not yet completed; request:
 * of the driver's tag sets; queue: of a disk that the driver allocated; page: of a
 * file in a file system of the driver's.
 */
extern const struct chariot_member chariot_task_members[];
extern const struct chariot_member chariot_bio_members[];
extern const struct chariot_member chariot_request_members[];
extern const struct chariot_member chariot_queue_members[];
extern const struct chariot_member chariot_page_members[];

/**
 * struct chariot_show_rule - a kernel function that hands a driver a buffer to
 * fill, for as long as it runs
 * @function: which is probed
 * @arg: its argument, from 0, where the way to the buffer begins
 * @path: offsets of the pointers to follow; the last is that of the buffer, which
 *	need not be there yet when the function is called
 * @steps: how many
 * @size: of the buffer, in bytes
 */
struct chariot_show_rule {
	const char *function;
	u8 arg;
	u8 steps;
	u16 path[3];
	u32 size;
};

extern const struct chariot_show_rule chariot_show_rules[];
extern const size_t chariot_show_rules_nr;

/**
 * struct chariot_call_rule - what a driver's call of a kernel function gives it
 * or takes from it
 * @import: the function; imports_copy.def binds it
 * @before: run before it, or NULL
 * @after: run after it, with its result, if it has succeeded; or NULL
 * @status: it returns 0 or an error; others return what they give, NULL or an
 *	error
 * @size: for @after: of the object that is returned
 * @real: its address
 */
struct chariot_call_rule {
	const char *import;
	void (*before)(struct chariot_driver *d, const unsigned long *args);
	void (*after)(struct chariot_driver *d,
		      const struct chariot_call_rule *rule,
		      const unsigned long *args, unsigned long ret);
	bool status;
	size_t size;
	unsigned long real;
};

extern struct chariot_call_rule chariot_call_rules[];

/* All functions with such a rule: numbers of the rules. */
#define CHARIOT_CALLS(X)						\
	X(__alloc_disk_node)						\
	X(__blk_alloc_disk)						\
	X(__blk_mq_alloc_disk)						\
	X(blk_mq_alloc_disk_for_queue)					\
	X(blk_mq_alloc_tag_set)						\
	X(blk_mq_alloc_sq_tag_set)					\
	X(blk_mq_free_tag_set)						\
	X(bio_alloc_bioset)						\
	X(bio_alloc_clone)						\
	X(bio_split)							\
	X(bio_put)							\
	X(bio_endio)							\
	X(page_endio)							\
	X(zs_malloc)							\
	X(zs_map_object)						\
	X(zs_unmap_object)						\
	X(netif_rx)							\
	X(netif_receive_skb)						\
	X(netif_receive_skb_core)					\
	X(consume_skb)							\
	X(kfree_skb_reason)						\
	X(kfree_skb)							\
	X(__dev_kfree_skb_irq)						\
	X(__dev_kfree_skb_any)						\
	X(dev_kfree_skb_irq_reason)					\
	X(dev_kfree_skb_any_reason)					\
	X(napi_consume_skb)						\
	X(__dev_queue_xmit)						\
	X(napi_gro_receive)						\
	X(sk_skb_reason_drop)						\
	X(dev_forward_skb)						\
	X(scsi_done)							\
	X(usb_hcd_giveback_urb)						\
	X(usb_gadget_giveback_request)					\
	X(usb_alloc_coherent)						\
	X(usb_free_coherent)						\
	X(register_pernet_subsys)					\
	X(register_pernet_device)					\
	X(rhashtable_init)						\
	X(rhltable_init)						\
	X(rhashtable_init_noprof)					\
	X(rhltable_init_noprof)						\
	X(rhashtable_destroy)						\
	X(rhashtable_free_and_destroy)					\
	X(trace_event_buffer_reserve)					\
	X(trace_event_buffer_commit)					\
	X(prepare_creds)						\
	X(prepare_kernel_cred)						\
	X(override_creds)						\
	X(commit_creds)							\
	X(abort_creds)							\
	X(cdev_alloc)							\
	X(class_create)							\
	X(__class_create)						\
	X(platform_device_alloc)

#define CHARIOT_CALL_NUMBER(import)	CHARIOT_CALL_##import,
enum chariot_call_number {
	CHARIOT_CALLS(CHARIOT_CALL_NUMBER)
	CHARIOT_CALLS_NR
};

/* --- grants.c: for rules and for each other --------------------------------- */
/* Grant what the driver may not write yet of [va, va + size). */
int chariot_lend(struct chariot_driver *d, unsigned long va, size_t size,
		 enum chariot_kind kind, const char *type);
/* End rights of this kind, and no others, in [va, va + size). */
/* The same for several pieces of the direct map at once; changes @e. */
void chariot_lend_extents(struct chariot_driver *d, struct chariot_extent *e,
			  unsigned int n, const char *type);
void chariot_lend_end(struct chariot_driver *d, unsigned long va, size_t size,
		      enum chariot_kind kind);
/* Grant the member of the object that va lies in. */
bool chariot_lend_member(struct chariot_driver *d, unsigned long object,
			 const struct chariot_member *members, unsigned long va);
void chariot_returned_object(struct chariot_driver *d,
			     const struct chariot_call_rule *rule,
			     const unsigned long *args, unsigned long ret);
void chariot_trace_reserved(struct chariot_driver *d,
			    const struct chariot_call_rule *rule,
			    const unsigned long *args, unsigned long ret);
void chariot_trace_commit(struct chariot_driver *d, const unsigned long *args);

/* --- grants_net.c ----------------------------------------------------------- */
/* va 0: wherever it is */
bool chariot_skb_data(const struct chariot_driver *d, unsigned long object,
		      unsigned long va, struct chariot_span *data);
bool chariot_net_data(const struct chariot_driver *d, unsigned long object,
		      unsigned long va, struct chariot_span *data);
void chariot_pernet_begins(struct chariot_driver *d, const unsigned long *args);
void chariot_skb_goes(struct chariot_driver *d, const unsigned long *args);
void chariot_skb_goes_second(struct chariot_driver *d,
			     const unsigned long *args);

struct net_device;
/* The transmit queue of a device's that va is in. */
bool chariot_tx_queue(const struct net_device *dev, unsigned long va,
		      struct chariot_span *data);

/* --- grants_stack.c --------------------------------------------------------- */
int chariot_stacks_attach(void);
void chariot_stacks_detach(struct chariot_driver *d);
/* Try again: the task that the stack is of runs on another CPU. */
enum chariot_settled chariot_stack_settle(struct chariot_driver *d,
					  unsigned long va);

/* --- grants_fs.c ------------------------------------------------------------ */
bool chariot_fs_settle(struct chariot_driver *d, unsigned long va);
bool chariot_buffer_belongs(const struct chariot_driver *d, const void *object);
unsigned long chariot_buffer_at(unsigned long va);

/* --- grants_scsi.c ---------------------------------------------------------- */
bool chariot_scsi_data(const struct chariot_driver *d, unsigned long object,
		       unsigned long va, struct chariot_span *data);
bool chariot_scsi_host_data(const struct chariot_driver *d, unsigned long object,
			    unsigned long va, struct chariot_span *data);
bool chariot_scsi_host_seen(struct chariot_driver *d, unsigned long host);
void chariot_scsi_done(struct chariot_driver *d, const unsigned long *args);

/* --- grants_segments.c ------------------------------------------------------ */
/* The segment of the list at sg that holds va; false if there is none. */
bool chariot_segments_find(unsigned long sg, unsigned long va,
			   struct chariot_span *data);
/* End rights to all of its segments. */
void chariot_segments_end(struct chariot_driver *d, unsigned long sg);

/* --- grants_usb.c ----------------------------------------------------------- */
bool chariot_urb_data(const struct chariot_driver *d, unsigned long object,
		      unsigned long va, struct chariot_span *data);
void chariot_urb_given_back(struct chariot_driver *d, const unsigned long *args);
bool chariot_usb_request_data(const struct chariot_driver *d,
			      unsigned long object, unsigned long va,
			      struct chariot_span *data);
void chariot_usb_request_given_back(struct chariot_driver *d,
				    const unsigned long *args);
void chariot_usb_coherent_allocated(struct chariot_driver *d,
				    const struct chariot_call_rule *rule,
				    const unsigned long *args,
				    unsigned long ret);
void chariot_usb_coherent_freed(struct chariot_driver *d,
				const unsigned long *args);

/* --- grants_request.c ------------------------------------------------------- */
struct blk_mq_tag_set;

int chariot_requests_attach(struct chariot_driver *d);
void chariot_requests_detach(struct chariot_driver *d);
bool chariot_request_settle(struct chariot_driver *d, unsigned long va);
bool chariot_request_payload(const struct chariot_driver *d, unsigned long rq,
			     unsigned long va, struct chariot_span *data);
bool chariot_tag_set_seen(struct chariot_driver *d, unsigned long set);
void chariot_tag_set_added(struct chariot_driver *d,
			   const struct chariot_call_rule *rule,
			   const unsigned long *args, unsigned long ret);
void chariot_tag_set_ends(struct chariot_driver *d, const unsigned long *args);
/* The largest of sizes that the driver's tag sets say, up to what is believed. */
size_t chariot_tag_sets_max(const struct chariot_driver *d,
			    size_t (*size_of)(const struct blk_mq_tag_set *set));

/* --- grants_block.c --------------------------------------------------------- */
int chariot_block_init(void);
void chariot_block_exit(void);
int chariot_block_attach(struct chariot_driver *d);
void chariot_block_detach(struct chariot_driver *d);
bool chariot_block_settle(struct chariot_driver *d, unsigned long va);

void chariot_disk_returned(struct chariot_driver *d,
			   const struct chariot_call_rule *rule,
			   const unsigned long *args, unsigned long ret);
bool chariot_bio_seen(struct chariot_driver *d, unsigned long bio);
void chariot_bio_put(struct chariot_driver *d, const unsigned long *args);
void chariot_bio_ends(struct chariot_driver *d, const unsigned long *args);
bool chariot_bio_pad(const struct chariot_driver *d, unsigned long bio,
		     unsigned long va, struct chariot_span *data);
void chariot_bio_returned(struct chariot_driver *d,
			  const struct chariot_call_rule *rule,
			  const unsigned long *args, unsigned long ret);
void chariot_page_ends(struct chariot_driver *d, const unsigned long *args);
void chariot_zs_allocated(struct chariot_driver *d,
			  const struct chariot_call_rule *rule,
			  const unsigned long *args, unsigned long ret);
void chariot_zs_mapped(struct chariot_driver *d,
		       const struct chariot_call_rule *rule,
		       const unsigned long *args, unsigned long ret);
void chariot_zs_unmaps(struct chariot_driver *d, const unsigned long *args);

#endif /* CHARIOT_GRANT_RULES_H */
