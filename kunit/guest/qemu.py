# SPDX-License-Identifier: GPL-2.0-only
"""For the kernel's kunit.py: the machine that the guest module's tests run on.

As the kernel's own qemu_configs/x86_64.py, but the kernel is Debian's, and the tests
are modules: kunit/run makes their initial RAM disk, a --qemu_args.
"""

from ..qemu_config import QemuArchParams	# pylint: disable=relative-beyond-top-level

QEMU_ARCH = QemuArchParams(linux_arch="x86_64", kconfig="",
                           qemu_arch="x86_64", kernel_path="vmlinuz",
                           # The timer is found broken now and then on a busy machine.
                           kernel_command_line="console=ttyS0 panic=-1 oops=panic "
                                               "no_timer_check tsc=reliable",
                           # With a thread for each processor QEMU 7.2 now and then goes on
                           # executing code that another processor has rewritten: an int3
                           # of the kernel's text_poke() that is not there any more, for ever.
                           extra_qemu_params=["-bios", "qboot.rom", "-smp", "2",
                                              "-accel", "tcg,thread=single"])
