// SPDX-License-Identifier: GPL-2.0-only
/*
 * Xen's monitor events: the ring, the answers, registers.
 * What an event says of registers is the guest's; its other fields are Xen's.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <syslog.h>

#include "backend.h"

#define GP_FAULT	13
#define VMCALL_LENGTH	3
#define HW_EXCEPTION	3	/* Xen's HVMOP_TRAP_hw_exc */

bool chariot_monitor_has_ring(u32 domid)
{
	uint64_t gfn;

	return !xc_hvm_param_get(chariot_xc, domid, HVM_PARAM_MONITOR_RING_PFN, &gfn) &&
	       gfn;
}

int chariot_monitor_open(struct chariot_vm *vm)
{
	uint32_t remote;
	int err;

	vm->ring_page = xc_monitor_enable(chariot_xc, vm->domid, &remote);
	if (!vm->ring_page)
		return -errno;
	vm->channel = xenevtchn_open(NULL, 0);
	if (!vm->channel) {
		err = -errno;
		goto err_monitor;
	}
	vm->port = xenevtchn_bind_interdomain(vm->channel, vm->domid, remote);
	if (vm->port < 0) {
		err = -errno;
		goto err_channel;
	}
	SHARED_RING_INIT((vm_event_sring_t *)vm->ring_page);
	BACK_RING_INIT(&vm->ring, (vm_event_sring_t *)vm->ring_page,
		       XC_PAGE_SIZE);
	if (xc_monitor_guest_request(chariot_xc, vm->domid, true, true, false)) {
		err = -errno;
		goto err_channel;
	}
	return 0;

err_channel:
	xenevtchn_close(vm->channel);
err_monitor:
	chariot_monitor_abandon(vm->domid, vm->ring_page);
	return err;
}

void chariot_monitor_abandon(u32 domid, void *ring)
{
	munmap(ring, XC_PAGE_SIZE);
	xc_monitor_disable(chariot_xc, domid);
}

static void push(struct chariot_vm *vm, const vm_event_response_t *rsp)
{
	RING_IDX at = vm->ring.rsp_prod_pvt;

	memcpy(RING_GET_RESPONSE(&vm->ring, at), rsp, sizeof(*rsp));
	vm->ring.rsp_prod_pvt = at + 1;
	RING_PUSH_RESPONSES(&vm->ring);
	xenevtchn_notify(vm->channel, vm->port);
}

/*
 * The ring of the other's is lost, with what it held. Xen keeps of each virtual CPU
 * that it waits, and takes an answer from this ring, too; of one that does not
 * wait, it takes none.
 */
int chariot_monitor_take_over(struct chariot_vm *vm)
{
	vm_event_response_t rsp = {
		.version = VM_EVENT_INTERFACE_VERSION,
		.flags = VM_EVENT_FLAG_VCPU_PAUSED,
		.reason = VM_EVENT_REASON_MEM_ACCESS,
	};
	int err;

	if (xc_monitor_disable(chariot_xc, vm->domid))
		return -errno;
	err = chariot_monitor_open(vm);
	if (err)
		return err;
	chariot_views_off(vm);
	for (rsp.vcpu_id = 0; rsp.vcpu_id < vm->vcpus; rsp.vcpu_id++)
		push(vm, &rsp);
	return 0;
}

void chariot_monitor_close(struct chariot_vm *vm, bool gone)
{
	if (!gone) {
		while (chariot_monitor_serve(vm))
			;
		xc_monitor_guest_request(chariot_xc, vm->domid, false, true,
					 false);
	}
	chariot_monitor_abandon(vm->domid, vm->ring_page);
	xenevtchn_close(vm->channel);
}

int chariot_monitor_descriptor(const struct chariot_vm *vm)
{
	return xenevtchn_fd(vm->channel);
}

struct vm_event_regs_x86 *chariot_answer_regs(struct chariot_event *e)
{
	if (!(e->rsp->flags & VM_EVENT_FLAG_SET_REGISTERS)) {
		e->rsp->flags |= VM_EVENT_FLAG_SET_REGISTERS;
		e->rsp->data.regs.x86 = e->req->data.regs.x86;
	}
	return &e->rsp->data.regs.x86;
}

void chariot_regs_get(const struct chariot_event *e, struct chariot_regs *regs)
{
	const struct vm_event_regs_x86 *r = &e->req->data.regs.x86;

	*regs = (struct chariot_regs) {
		.gpr = { r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi,
			 r->rdi, r->r8, r->r9, r->r10, r->r11, r->r12, r->r13,
			 r->r14, r->r15 },
		.rip = r->rip, .rflags = r->rflags,
		.fs_base = r->fs_base, .gs_base = r->gs_base,
	};
}

void chariot_regs_put(struct chariot_event *e, const struct chariot_regs *regs)
{
	struct vm_event_regs_x86 *r = chariot_answer_regs(e);

	r->rax = regs->gpr[0];
	r->rcx = regs->gpr[1];
	r->rdx = regs->gpr[2];
	r->rbx = regs->gpr[3];
	r->rsp = regs->gpr[4];
	r->rbp = regs->gpr[5];
	r->rsi = regs->gpr[6];
	r->rdi = regs->gpr[7];
	r->r8 = regs->gpr[8];
	r->r9 = regs->gpr[9];
	r->r10 = regs->gpr[10];
	r->r11 = regs->gpr[11];
	r->r12 = regs->gpr[12];
	r->r13 = regs->gpr[13];
	r->r14 = regs->gpr[14];
	r->r15 = regs->gpr[15];
	r->rip = regs->rip;
	r->rflags = regs->rflags;
}

void chariot_inject(struct chariot_event *e, u32 error)
{
	if (xendevicemodel_inject_event(chariot_devices, e->vm->domid,
					e->req->vcpu_id, GP_FAULT, HW_EXCEPTION,
					error, 0, 0))
		chariot_log(LOG_WARNING, "guest %u: virtual CPU %u is not told: %m",
			    e->vm->domid, e->req->vcpu_id);
}

static void guest_request(struct chariot_event *e)
{
	const struct vm_event_regs_x86 *r = &e->req->data.regs.x86;
	struct vm_event_regs_x86 *answer;

	/* Somebody else's. */
	if ((r->rdx & CHARIOT_CALL_MASK) != CHARIOT_CALL_BASE || r->rdx >> 32)
		return;
	e->vm->events.calls++;
	answer = chariot_answer_regs(e);
	answer->rax = chariot_hypercall(e, r->rdx, r->r10, r->r8, r->r9);
	answer->rdx = CHARIOT_XEN_ANSWERED;
	/* The event has the registers as they were at the VMCALL. */
	answer->rip += VMCALL_LENGTH;
}

static void trace(const struct chariot_event *e)
{
	const struct vm_event_mem_access *a = &e->req->u.mem_access;
	const struct vm_event_regs_x86 *r = &e->req->data.regs.x86;

	if (e->req->reason == VM_EVENT_REASON_MEM_ACCESS)
		chariot_log(LOG_DEBUG, "guest %u.%u, view %u: access %x of page %llx + %llx, address %llx, rip %llx",
			    e->vm->domid, e->req->vcpu_id, e->view, a->flags,
			    (unsigned long long)a->gfn,
			    (unsigned long long)a->offset,
			    (unsigned long long)a->gla,
			    (unsigned long long)r->rip);
	else
		chariot_log(LOG_DEBUG, "guest %u.%u, view %u: reason %u, %llx(%llx, %llx, %llx)",
			    e->vm->domid, e->req->vcpu_id, e->view,
			    e->req->reason, (unsigned long long)r->rdx,
			    (unsigned long long)r->r10,
			    (unsigned long long)r->r8,
			    (unsigned long long)r->r9);
}

static void answer(struct chariot_vm *vm, const vm_event_request_t *req,
		   vm_event_response_t *rsp)
{
	struct chariot_event e = {
		.vm = vm, .req = req, .rsp = rsp,
		.vcpu = req->vcpu_id < vm->vcpus ? &vm->vcpu[req->vcpu_id] : NULL,
	};

	*rsp = (vm_event_response_t) {
		.version = VM_EVENT_INTERFACE_VERSION,
		.vcpu_id = req->vcpu_id,
		.flags = req->flags & (VM_EVENT_FLAG_VCPU_PAUSED |
				       VM_EVENT_FLAG_ALTERNATE_P2M),
		.altp2m_idx = req->altp2m_idx,
		.reason = req->reason,
	};
	if (!e.vcpu || req->version != VM_EVENT_INTERFACE_VERSION)
		return;
	if (req->flags & VM_EVENT_FLAG_ALTERNATE_P2M)
		e.view = req->altp2m_idx < CHARIOT_MAX_VIEWS ?
			 req->altp2m_idx : CHARIOT_DOMAIN_KERNEL;
	if (chariot_logs(LOG_DEBUG))
		trace(&e);
	switch (req->reason) {
	case VM_EVENT_REASON_GUEST_REQUEST:
		guest_request(&e);
		break;
	case VM_EVENT_REASON_MEM_ACCESS:
		rsp->u.mem_access = req->u.mem_access;
		chariot_fault(&e);
		break;
	}
	if (chariot_logs(LOG_DEBUG))
		chariot_log(LOG_DEBUG, "  answer: flags %x, view %u", rsp->flags,
			    rsp->altp2m_idx);
}

void chariot_monitor_heard(struct chariot_vm *vm)
{
	int port = xenevtchn_pending(vm->channel);

	if (port >= 0)
		xenevtchn_unmask(vm->channel, port);
}

/*
 * As many events as the guest has virtual CPUs, so that none can keep the others
 * waiting. Returns whether there are more.
 */
bool chariot_monitor_serve(struct chariot_vm *vm)
{
	vm_event_request_t req;
	vm_event_response_t rsp;
	u32 left = vm->vcpus;
	int more;

	while (left && RING_HAS_UNCONSUMED_REQUESTS(&vm->ring)) {
		RING_IDX at = vm->ring.req_cons;

		memcpy(&req, RING_GET_REQUEST(&vm->ring, at), sizeof(req));
		vm->ring.req_cons = at + 1;
		vm->ring.sring->req_event = at + 2;
		answer(vm, &req, &rsp);
		push(vm, &rsp);
		left--;
	}
	RING_FINAL_CHECK_FOR_REQUESTS(&vm->ring, more);
	return more;
}
