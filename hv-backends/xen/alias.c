// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's second maps (struct chariot_walk_alias in abi.h): here they are what
 * lets a store reach memory that the kernel's own maps have read-only, so that it
 * is judged like any other. Walks need no page hidden: what they mark is marked by
 * chariot_walk_marks(). The tables are guest memory: a guest that lies about them
 * only misleads its own views.
 */
#include "backend.h"

u64 chariot_alias_shown(const struct chariot_vm *vm, u32 view, u64 gfn)
{
	u32 i;

	for (i = 0; view != CHARIOT_DOMAIN_KERNEL && i < vm->tops; i++)
		if (vm->top[i].gfn == gfn)
			return vm->top[i].shown;
	return gfn;
}

int chariot_alias_show(struct chariot_vm *vm, u32 id)
{
	u32 i;

	for (i = 0; i < vm->tops; i++)
		if (xc_altp2m_change_gfn(chariot_xc, vm->domid, id,
					 vm->top[i].gfn, vm->top[i].shown))
			return -errno;
	return 0;
}

/**
 * chariot_alias_forget - back to the guest's own maps
 * @vm: the guest; no domain is active
 *
 * The views go whole. To take a page out of one (xc_altp2m_change_gfn() to no page)
 * would have each virtual CPU's device model told, and Xen, which does that when the
 * CPU next runs, forgets then what the answer to its event says of registers: they
 * are set some time later, wherever it is by then.
 */
void chariot_alias_forget(struct chariot_vm *vm)
{
	if (vm->tops)
		chariot_views_end(vm);
	vm->tops = 0;
}

static int check_memory(const struct chariot_vm *vm,
			const struct chariot_walk_alias *call)
{
	u32 i;

	for (i = 0; i < call->count; i++)
		if (call->gpa[i] >> CHARIOT_PAGE_SHIFT >= vm->end_gfn)
			return -EFAULT;
	return 0;
}

static int enable(struct chariot_vm *vm, const struct chariot_walk_alias *call)
{
	u32 i, id;

	if (vm->tops)
		return -EINVAL;
	for (i = 0; i < call->count / 2; i++) {
		vm->top[i].gfn = call->gpa[2 * i] >> CHARIOT_PAGE_SHIFT;
		vm->top[i].shown = call->gpa[2 * i + 1] >> CHARIOT_PAGE_SHIFT;
	}
	vm->tops = call->count / 2;
	for (id = 1; id < CHARIOT_MAX_VIEWS; id++)
		if (vm->view[id] && chariot_alias_show(vm, id)) {
			chariot_alias_forget(vm);
			return -ENOMEM;
		}
	return 0;
}

/**
 * chariot_alias_call - serve CHARIOT_CALL_WALK_ALIAS
 * @vm: the guest
 * @call: a private copy of what the guest sent, checked
 *
 * Returns 0 or the error that abi.h gives.
 */
int chariot_alias_call(struct chariot_vm *vm, const struct chariot_walk_alias *call)
{
	int err = vm->features & CHARIOT_F_WALK_ALIAS ? 0 : -ENOSYS;
	u32 id;

	for (id = 1; id < CHARIOT_MAX_VIEWS && !err; id++)
		if (chariot_is_active(vm, id))
			err = -EBUSY;
	if (!err && call->op != CHARIOT_WALK_ALIAS_DISABLE)
		err = check_memory(vm, call);
	if (err)
		return err;
	switch (call->op) {
	case CHARIOT_WALK_ALIAS_TABLES:
		return 0;	/* nothing is ever hidden */
	case CHARIOT_WALK_ALIAS_ENABLE:
		return enable(vm, call);
	case CHARIOT_WALK_ALIAS_DISABLE:
		chariot_alias_forget(vm);
		return 0;
	default:
		return -EINVAL;
	}
}
