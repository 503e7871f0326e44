#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A task is killed in an isolated driver's code, by an exception that is the driver's
# fault: the kernel and chariot go on, and so do other tasks in the driver.
# Usage: oops.sh. Runs in the lab's guest. Such a driver can't be unloaded any more.

mode=page
. ./lib.sh

SHOWN=/sys/kernel/dying

killed_in_show() {
	load dying || return
	cat $SHOWN/dies && { fail "who read it lives"; return; }
	log_since_mark | grep -q 'dies_show.*\[dying\]' || fail "there was no oops"
}

# The dead task never came back from its call: what was kept of that must not be
# in the way of the next ones.
others_show() {
	local i
	for i in 1 2 3 4 5 6 7 8 9; do
		cat /sys/kernel/mm/ksm/run /sys/kernel/uevent_seqnum > /dev/null
		[ "$(cat $SHOWN/lives)" = y ] || { fail "round $i shows nothing"; return; }
	done
	innocent dying && clean_log
}

another_driver() {
	load good_files && ./exercise 2 5 && unload good_files && clean_log
}

tests=(killed_in_show others_show another_driver)
plan "${tests[@]}"
for name in "${tests[@]}"; do
	run_test "$name" "$name"
done
