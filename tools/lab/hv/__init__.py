# SPDX-License-Identifier: GPL-2.0-only
"""The hypervisors of the lab, one file each.

What such a file offers: NAME, HOST_MODULES (of the host's kernel), HOST_FLAVOUR
(of that kernel; None: the guest's), HOST_START (what the host runs before the
guest), HOST_OVERHEAD_MIB and BOOT_SECONDS, SLOWNESS (how much longer a guest
may take than with the first one), PORTS (where on the host the channels
end), PULSE, BOOT_WARNS and GUEST_LINE (machine.py), EMULATOR_FAULT (what the
console of a guest shows that the emulated processor led astray; None: no such
fault is known), HOST_IS_QEMU and GUEST_IS_QEMU, CHARIOT_* (chariot's part on
the host, see build.py, how it starts and ends, how it is started from /root, and its option
that limits the page rights of a guest),
host_files(tree) (what the host's user space needs), channels(...) (the lab's
ends), machine(...) (the command of the outer machine), guest_image(...) and
guest_channels(...) (the guest's kernel, and the ends of its channels in it) and
guest(...) (the command that runs the guest).
"""

from . import kvm_amd, kvm_intel, xen

BACKENDS = {backend.NAME: backend for backend in (kvm_amd, kvm_intel, xen)}
