#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What serves this guest on the host is killed while a driver is isolated
# (orphan-host.sh does it): the guest runs on, is told, and isolates again. First the
# guest's own process, then the whole daemon. Runs in the lab's guest.

mode=page
. ./lib.sh

SECONDS_MAX=300

# The host waits for a write that is stopped.
isolated_now() {
	load good_alloc && load faulty && arm module_data &&
		printf 'store8 fileop' > /dev/faulty || return
	[ "$(cat $PLAYGROUND/check)" = intact ] || { fail "the victim is $(cat $PLAYGROUND/check)"; return; }
	arm none
}

told() { log_since_mark | grep -q 'the backend knows this guest no more'; }

# The driver is at work when it happens, and asks for memory: that is how it is told.
works_on() {
	local i before=$SECONDS
	for ((i = 0; SECONDS - before < SECONDS_MAX; i++)); do
		echo "round $i"
		echo work > /dev/good_alloc || { fail "round $i failed"; return; }
		! told || break
	done
	told || { fail "the guest was not told within $SECONDS_MAX s"; return; }
	echo work > /dev/good_alloc && clean_log
}

# Nothing is isolated by halves.
refuses() {
	! chariot-insmod good_files.ko > /tmp/refused 2>&1 || fail "it was loaded"
	grep . /tmp/refused && [ ! -e /sys/module/good_files ] || fail "it was loaded"
}

anew() {
	rmmod good_alloc faulty && rmmod chariot && modprobe chariot && clean_log
}

rounds="process daemon"
plan $(for round in $rounds; do
	echo "${round}_isolated ${round}_works_on ${round}_refuses ${round}_anew"
done)
load_playground || exit
for round in $rounds; do
	run_test ${round}_isolated isolated_now
	run_test ${round}_works_on works_on
	run_test ${round}_refuses refuses
	run_test ${round}_anew anew
done
