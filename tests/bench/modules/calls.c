// SPDX-License-Identifier: GPL-2.0-only
/* The guest's calls, compiled from their sources here as in every build that uses them. */
#include "hypercall/calls.c"
#include "hypercall/transport_kvm.c"
#include "hypercall/transport_xen.c"
