#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The KVM backend alone: each part of tests/kvm-probe is a test.
# Usage: probe.sh, on a host with chariot-kvm, in a guest without chariot.ko.
# Runs in the lab's guest.

mode=plain
. ./lib.sh

parts=(domain crossing stop "whole pages" bytes "page boundaries" stack interrupts audit caller
	"other CPUs" devices "many drivers" destroy costs again)

said() { sed -n 's/^.*\bprobe: //p' /tmp/log; }

# What the module said in one of its parts.
said_in() {
	said | awk -v part="$1" -v parts="$(printf '|%s' "${parts[@]}")|" '
		index(parts, "|" $0 "|") { here = $0 == part; if (here) print "begin"; next }
		here'
}

part() {
	local text
	text=$(said_in "$1")
	echo "$text"
	[ -n "$text" ] || { fail "not reached"; return; }
	! grep -q FAILED <<< "$text" || fail "$(grep -m 1 FAILED <<< "$text")"
}

# The last word: it went to its end, and nothing failed outside of the parts.
verdict() {
	[ "$status" = 0 ] || { fail "insmod says: $(cat /tmp/insmod)"; return; }
	said | grep -q '^[0-9]* checks, 0 failures$' || { fail "there is no count"; return; }
	! grep -E -m 1 "$TROUBLE" /tmp/log || fail "the kernel complained"
}

plan "${parts[@]// /-}" verdict
mark loading
insmod kvm-probe.ko > /tmp/insmod 2>&1
status=$?
log_since_mark > /tmp/log
for name in "${parts[@]}"; do
	if [ "$(processors)" = 1 ] && [[ $name = "other CPUs" || $name = destroy ]]; then
		skip "${name// /-}" "needs two processors"
	else
		run_test "${name// /-}" part "$name"
	fi
done
run_test verdict verdict
