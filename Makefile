# SPDX-License-Identifier: GPL-2.0
# Chariot: make help
SHELL	:= /bin/bash
REPO	:= $(CURDIR)
KDIR	?= /lib/modules/$(shell uname -r)/build
BUILD	?= $(REPO)/build
PREFIX	?= /usr
DESTDIR	?=
HV	?= kvm-amd
FUZZ_SECONDS ?= 30
MINUTES ?= 10

# Kbuild writes beside the sources: build in a mirror of them, one a kernel.
MIRROR	:= hypercall hv-backends guest-module

all: modules tools

help:
	@echo 'Chariot keeps the faults of a Linux driver inside the driver.'
	@echo
	@echo '  make demo            set up, then show the main job in the lab'
	@echo '  make check           set up, then run all tests'
	@echo '  make check-full      all tests on each kernel and each hypervisor: hours'
	@echo '  make check-quick     the tests on one kernel'
	@echo '  make check-debug     the main tests with kernels that are started in other ways'
	@echo '  make soak            guests and drivers come and go for MINUTES=10'
	@echo '  make kunit           KUnit suites, on UML and in QEMU, kernels 6.1 and 6.12'
	@echo '  make install-kunit   chariot-kunit.ko, for a kernel with KUnit: the suites of chariot.ko'
	@echo '  make kunit-coverage  how much of the sources they run'
	@echo '  make fuzz            the fuzzers, FUZZ_SECONDS=30 each'
	@echo '  make static          checks of the sources: builds, sparse, checkpatch, ...'
	@echo '  make bench           figures: exits and instructions'
	@echo '  make compat          try the stock modules of tools/compat/stock.list'
	@echo '  make                 build modules and commands'
	@echo '  make modules         chariot.ko and chariot-kvm.ko for KDIR'
	@echo '  make tools           the commands'
	@echo '  make xend            chariot-xend, for dom0 of Xen (needs libxen-dev)'
	@echo '  make install         install them under DESTDIR, PREFIX; install-xend: that'
	@echo '  make setup           install what demo and check need (root)'
	@echo '  make clean'
	@echo
	@echo '  KDIR=dir    kernel to build for: its headers (default: the running one)'
	@echo '  HV=name     for demo and bench: kvm-amd (default), kvm-intel or xen'
	@echo '  BUILD=dir   where to build (default: build)'

mirror:
	@mkdir -p $(BUILD)
	@cp -pru $(MIRROR) $(BUILD)/

modules: mirror
	@test -d $(KDIR) || { echo "no kernel headers in $(KDIR): install linux-headers for that kernel, or set KDIR="; exit 1; }
	$(MAKE) -C $(KDIR) M=$(abspath $(BUILD))/guest-module modules
	$(MAKE) -C $(KDIR) M=$(abspath $(BUILD))/hv-backends/kvm modules

tools:
	$(MAKE) -C tools BUILD=$(abspath $(BUILD)) all

xend:
	$(MAKE) -C hv-backends/xen BUILD=$(abspath $(BUILD)) all

setup:
	tools/setup

setup-xen:
	tools/setup --xen

demo: setup
	tests/demo --hv $(HV)

check: setup-xen
	tests/check

check-full: setup-xen
	tests/check --full

check-quick: setup
	tests/check --quick

check-debug: setup
	tests/check --debug

soak: setup
	tests/check soak --hv kvm-amd --kernel 6.1 --smp 2 --minutes $(MINUTES)

kunit: setup
	kunit/run
	kunit/run --kernel 6.12
	kunit/run --guest
	kunit/run --guest --kernel 6.12

kunit-coverage: setup
	kunit/run --coverage
	kunit/run --guest --coverage

# modprobe chariot-kunit runs them.
kunit-module:
	@grep -q '^CONFIG_KUNIT=' $(KDIR)/.config || { echo "the kernel of $(KDIR) has no KUnit (CONFIG_KUNIT): set KDIR=, or use make kunit, which brings it along"; exit 1; }
	@mkdir -p $(BUILD)/kunit
	@cp -pru $(MIRROR) kunit $(BUILD)/kunit/
	$(MAKE) -C $(KDIR) M=$(abspath $(BUILD))/kunit/kunit/guest modules

install-kunit: kunit-module
	@rel=$$(sed -n 's/^#define UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h); \
	dir=$(DESTDIR)/lib/modules/$$rel/updates/chariot-kunit; \
	install -d $$dir && install -m 644 $(BUILD)/kunit/kunit/guest/*.ko $$dir/ && \
	if [ -z "$(DESTDIR)" ]; then depmod $$rel; fi

fuzz: setup
	BUILD=$(abspath $(BUILD)) tests/fuzz --seconds $(FUZZ_SECONDS)

static: setup
	tests/static

bench: setup
	tests/bench/run --hv $(HV)

compat: setup
	tools/chariot-compat --verbose

install:
	@rel=$$(sed -n 's/^#define UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h) && \
	[ -n "$$rel" ] || { echo "$(KDIR) is no kernel's headers: set KDIR="; exit 1; }; \
	dir=$(DESTDIR)/lib/modules/$$rel/updates; \
	install -d $$dir && \
	install -m 644 $(BUILD)/guest-module/chariot.ko $(BUILD)/hv-backends/kvm/chariot-kvm.ko $$dir/ && \
	if [ -z "$(DESTDIR)" ]; then depmod $$rel; fi
	$(MAKE) -C tools BUILD=$(abspath $(BUILD)) DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) install

# In dom0 there is nothing else to install.
install-xend: xend
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/man/man8 \
		$(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)/etc/chariot
	install -m 755 $(BUILD)/hv-backends/xen/chariot-xend $(DESTDIR)$(PREFIX)/sbin/
	sed 's,/usr/sbin,$(PREFIX)/sbin,' hv-backends/xen/etc/chariot-xend.service \
		> $(DESTDIR)$(PREFIX)/lib/systemd/system/chariot-xend.service
	[ -e $(DESTDIR)/etc/chariot/xend.conf ] || \
		install -m 644 hv-backends/xen/etc/xend.conf $(DESTDIR)/etc/chariot/
	install -m 644 tools/man/chariot-xend.8 $(DESTDIR)$(PREFIX)/share/man/man8/

clean:
	rm -rf $(BUILD)

.PHONY: all help mirror modules tools xend setup setup-xen demo check check-full check-quick check-debug soak kunit kunit-module install-kunit kunit-coverage fuzz static bench compat install install-xend clean
