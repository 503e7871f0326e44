#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The KVM backend alone: each part of tests/kvm-probe is a test.
# Usage: probe.sh, on a host with chariot-kvm, in a guest without chariot.ko.
# Runs in the lab's guest.

mode=plain
. ./lib.sh
. ./parts.sh

parts=(domain crossing stop "whole pages" bytes "page boundaries" stack interrupts audit caller
	"other CPUs" devices "many drivers" destroy costs again)

plan "${parts[@]// /-}" verdict
load_parts probe '^[0-9]* checks, 0 failures$' kvm-probe.ko
for name in "${parts[@]}"; do
	if [ "$(processors)" = 1 ] && [[ $name = "other CPUs" || $name = destroy ]]; then
		skip "${name// /-}" "needs two processors"
	else
		run_test "${name// /-}" part "$name"
	fi
done
run_test verdict verdict
