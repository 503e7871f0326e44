#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Hostile calls, by tests/hostile: each of its parts is a test.
# Usage: calls.sh CALLS, on a host with a backend, in a guest without chariot.ko; or
# calls.sh limits, on one with max_page_rights=1000.
# Runs in the lab's guest.

mode=plain
. ./lib.sh
. ./parts.sh

if [ "$1" = limits ]; then
	parts=(limits user driver interrupted guards)
	parameters=(limits=1 calls=0)
else
	parts=(user driver interrupted storm guards)
	parameters=("calls=$1")
fi

plan "${parts[@]}" verdict
load_parts hostile '^0 failures$' hostile.ko helper=/root/usercalls "${parameters[@]}"
for name in "${parts[@]}"; do
	run_test "$name" part "$name"
done
run_test verdict verdict
