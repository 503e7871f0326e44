#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Chariot in a guest whose hypervisor does not have it: a clear refusal.
# Usage: nobackend.sh, with chariot.ko and the commands in the same folder.
# Runs in the lab's guest.

mode=page
. ./lib.sh

refusal() {
	local text
	text=$(./chariot-insmod good_noinit.ko 2>&1) && { fail "it was loaded"; return; }
	[[ $text = *backend* ]] || { fail "it says only: $text"; return; }
	gone good_noinit
}

allowed() {
	local text
	text=$(./chariot-insmod --allow-unprotected good_noinit.ko 2>&1) ||
		{ fail "it was not loaded: $text"; return; }
	[[ $text = *unprotected* || $text = *"not isolated"* ]] ||
		{ fail "there is no warning: $text"; return; }
	[ -e /sys/module/good_noinit ] && rmmod good_noinit && clean_log
}

doctor() {
	! ./chariot doctor > /tmp/doctor 2>&1 || { fail "it finds nothing missing"; return; }
	cat /tmp/doctor
	grep -qi backend /tmp/doctor || fail "it does not name the backend"
}

tests=(refusal allowed doctor)
plan "${tests[@]}"
# It may refuse to load without a backend, too.
insmod chariot.ko
for name in "${tests[@]}"; do
	run_test "$name" "$name"
done
