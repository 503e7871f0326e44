#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What serves this guest on the host is killed while drivers are isolated
# (orphan-host.sh does it): the guest runs on and isolates them anew. First the
# guest's own process, then the whole daemon. Runs in the lab's guest.

mode=page
. ./lib.sh

SECONDS_MAX=300

stopped() {
	arm module_data && printf 'store8 fileop' > /dev/faulty || return
	[ "$(cat $PLAYGROUND/check)" = intact ] || { fail "the victim is $(cat $PLAYGROUND/check)"; return; }
	arm none
}

# The host waits for a write that is stopped.
isolated_now() { load good_alloc && load faulty && stopped; }

told() { log_since_mark | grep -q 'the backend had forgotten this guest .* 2 drivers are isolated anew'; }

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

# As before, and so are those that come then.
isolated_anew() {
	stopped && load good_files && ./exercise 1 2 && unload good_files && clean_log
}

ends() { rmmod good_alloc faulty && clean_log; }

chariot_goes() { renew_chariot && isolated_now && ends; }

rounds="process daemon"
plan $(for round in $rounds; do
	echo "${round}_isolated ${round}_works_on ${round}_anew ${round}_ends"
done) chariot_goes
load_playground || exit
for round in $rounds; do
	run_test ${round}_isolated isolated_now
	run_test ${round}_works_on works_on
	run_test ${round}_anew isolated_anew
	run_test ${round}_ends ends
done
run_test chariot_goes chariot_goes
