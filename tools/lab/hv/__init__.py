# SPDX-License-Identifier: GPL-2.0-only
"""The hypervisors of the lab, one file each.

What such a file offers: NAME, HOST_MODULES (of the host's kernel),
HOST_OVERHEAD_MIB and BOOT_SECONDS, PORTS (where on the host the channels end),
PULSE and BOOT_WARNS (machine.py), HOST_IS_QEMU, host_files(tree) (what the
host's user space needs), channels(...) (the lab's ends), machine(...) (the
command of the outer machine) and guest(...) (the command that runs the guest in
it).
"""

from . import kvm_amd, kvm_intel

BACKENDS = {backend.NAME: backend for backend in (kvm_amd, kvm_intel)}
