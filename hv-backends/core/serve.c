// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Serving a guest's calls; see serve.h. */
#include "serve.h"
#include "request.h"

/* Who calls, and what serves it. */
struct call {
	const struct chariot_call_ops *ops;
	void *from;
	union chariot_call_page *page;
};

static int copy_in(const struct call *c, u64 gpa, void *to, u64 size, u64 align)
{
	if (!chariot_buffer_valid(gpa, size, align))
		return -EINVAL;
	return c->ops->read(c->from, gpa, to, size) ? 0 : -EFAULT;
}

/* To where copy_in() or room_for() has been. */
static int copy_out(const struct call *c, u64 gpa, const void *data, u64 size)
{
	return c->ops->write(c->from, gpa, data, size) ? 0 : -EFAULT;
}

static int room_for(const struct call *c, u64 gpa, u64 size)
{
	if (!chariot_buffer_valid(gpa, size, sizeof(u64)))
		return -EINVAL;
	return c->ops->is_memory(c->from, gpa) ? 0 : -EFAULT;
}

static long hello(const struct call *c, bool *greeted, u64 gpa)
{
	struct chariot_hello h;
	int err;

	err = copy_in(c, gpa, &h, sizeof(h), sizeof(u64));
	if (!err)
		err = chariot_check_hello(&h);
	if (err)
		return err;
	err = c->ops->hello(c->from, &h);
	if (err)
		return err;
	h.revision = CHARIOT_ABI_REVISION;
	err = copy_out(c, gpa, &h, sizeof(h));
	*greeted = !err;
	return err;
}

static long domain_create(const struct call *c, u64 gpa)
{
	struct chariot_domain_create create;
	int err;

	err = copy_in(c, gpa, &create, sizeof(create), sizeof(u64));
	if (!err)
		err = chariot_check_create(&create);
	if (!err)
		err = c->ops->domain_create(c->from, &create);
	if (err)
		return err;
	err = copy_out(c, gpa, &create, sizeof(create));
	if (err)
		c->ops->domain_destroy(c->from, create.domain);
	return err;
}

static long domain_control(const struct call *c, u64 id, u64 state, u64 mode)
{
	int err = chariot_check_control(id, state, mode);

	return err ? err : c->ops->domain_control(c->from, id, state, mode);
}

static long domain_destroy(const struct call *c, u64 id)
{
	if (id == CHARIOT_DOMAIN_KERNEL || id >= CHARIOT_DOMAIN_ALL)
		return -EINVAL;
	return c->ops->domain_destroy(c->from, id);
}

static long region_update(const struct call *c, u64 gpa)
{
	struct chariot_batch *b = &c->page->batch;
	const u32 head = offsetof(struct chariot_batch, region);
	int err, copy_err;

	if (!chariot_buffer_valid(gpa, sizeof(*b), CHARIOT_PAGE_SIZE))
		return -EINVAL;
	/* Each byte once: the head says how many entries there are to copy. */
	err = copy_in(c, gpa, b, head, sizeof(u64));
	if (!err)
		err = chariot_check_batch(b);
	if (!err && b->count)
		err = copy_in(c, gpa + head, b->region,
			      b->count * sizeof(b->region[0]), sizeof(u64));
	if (err)
		return err;
	err = c->ops->region_update(c->from, b);
	copy_err = copy_out(c, gpa, b, sizeof(b->count) + sizeof(b->done));
	return err ? err : copy_err;
}

static long record_next(const struct call *c, u64 gpa)
{
	struct chariot_record rec;
	int err;

	/* A record that cannot be delivered stays. */
	err = room_for(c, gpa, sizeof(rec));
	if (!err)
		err = c->ops->record_next(c->from, &rec);
	return err ? err : copy_out(c, gpa, &rec, sizeof(rec));
}

static long domain_stats(const struct call *c, u64 id, u64 gpa)
{
	struct chariot_stats s;
	int err;

	if (id >= CHARIOT_DOMAIN_ALL)
		return -EINVAL;
	memset(&s, 0, sizeof(s));
	err = c->ops->domain_stats(c->from, id, &s);
	if (!err)
		err = room_for(c, gpa, sizeof(s));
	return err ? err : copy_out(c, gpa, &s, sizeof(s));
}

static long watch_map(const struct call *c, u64 gpa)
{
	struct chariot_frame_map *map = &c->page->map;
	int err;

	err = copy_in(c, gpa, map, sizeof(*map), CHARIOT_PAGE_SIZE);
	if (!err)
		err = chariot_check_frame_map(map);
	return err ? err : c->ops->watch_map(c->from, map);
}

static long page_release(const struct call *c, u64 gpa, u64 size)
{
	if (!chariot_range_valid(gpa, size))
		return -EINVAL;
	return c->ops->page_release(c->from, gpa, size);
}

static long walk_alias(const struct call *c, u64 gpa)
{
	struct chariot_walk_alias *alias = &c->page->alias;
	int err;

	err = copy_in(c, gpa, alias, sizeof(*alias), CHARIOT_PAGE_SIZE);
	if (!err)
		err = chariot_check_walk_alias(alias);
	return err ? err : c->ops->walk_alias(c->from, alias);
}

static long entry_word(const struct call *c, u64 gpa)
{
	int err;

	if (!c->ops->entry_word)
		return -ENOSYS;
	err = room_for(c, gpa, sizeof(u64));
	return err ? err : c->ops->entry_word(c->from, gpa);
}

static long record_settle(const struct call *c, u64 seq)
{
	return seq ? c->ops->record_settle(c->from, seq) : -EINVAL;
}

long chariot_call_serve(const struct chariot_call_ops *ops, void *from,
			bool *greeted, union chariot_call_page *page, u64 nr,
			u64 a1, u64 a2, u64 a3)
{
	const struct call c = { .ops = ops, .from = from, .page = page };

	if (nr >= CHARIOT_CALL_COUNT)
		return -ENOSYS;
	if (nr == CHARIOT_CALL_HELLO)
		return hello(&c, greeted, a1);
	if (!*greeted)
		return -ENODEV;
	switch ((enum chariot_call_nr)nr) {
	case CHARIOT_CALL_DOMAIN_CREATE:
		return domain_create(&c, a1);
	case CHARIOT_CALL_DOMAIN_CONTROL:
		return domain_control(&c, a1, a2, a3);
	case CHARIOT_CALL_DOMAIN_DESTROY:
		return domain_destroy(&c, a1);
	case CHARIOT_CALL_REGION_UPDATE:
		return region_update(&c, a1);
	case CHARIOT_CALL_RECORD_NEXT:
		return record_next(&c, a1);
	case CHARIOT_CALL_DOMAIN_STATS:
		return domain_stats(&c, a1, a2);
	case CHARIOT_CALL_WATCH_MAP:
		return watch_map(&c, a1);
	case CHARIOT_CALL_PAGE_RELEASE:
		return page_release(&c, a1, a2);
	case CHARIOT_CALL_WALK_ALIAS:
		return walk_alias(&c, a1);
	case CHARIOT_CALL_ENTRY_WORD:
		return entry_word(&c, a1);
	case CHARIOT_CALL_RECORD_SETTLE:
		return record_settle(&c, a1);
	case CHARIOT_CALL_HELLO:
	case CHARIOT_CALL_COUNT:
		break;
	}
	return -ENOSYS;
}
