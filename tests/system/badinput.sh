#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What can't be loaded, or hardly: chariot-insmod says and does what insmod does.
# Usage: badinput.sh, with the files of tests/check in bad/. Runs in the lab's
# guest.

mode=page
. ./lib.sh

# said COMMAND...: its status and what it says, without the program's name
said() {
	local text status
	text=$("$@" 2>&1)
	status=$?
	echo "$status ${text//chariot-insmod/insmod}"
}

nothing_left() {
	local left
	left=$(cd $SYSFS && echo */)	# drivers are its folders
	[ "$left" = "*/" ] || { fail "$SYSFS holds $left"; return; }
	[[ $(chariot status) = "No driver is isolated."* ]] || fail "chariot status lists a driver"
}

# same ARGUMENT...: of insmod
same() {
	local plain isolated
	plain=$(said insmod "$@")
	isolated=$(said chariot-insmod "$@")
	echo "insmod:         $plain"
	echo "chariot-insmod: $isolated"
	[ "${plain%% *}" != 0 ] || { fail "insmod loads it"; return; }
	[ "$plain" = "$isolated" ] || { fail "'$isolated', but insmod: '$plain'"; return; }
	nothing_left && clean_log
}

# Loaded plainly before, and then isolated before.
loaded_already() {
	local first
	insmod good_noinit.ko && same good_noinit.ko && rmmod good_noinit || return
	first=$(insmod good_noinit.ko; said insmod good_noinit.ko; rmmod good_noinit)
	chariot-insmod good_noinit.ko || return
	[ "$(said chariot-insmod good_noinit.ko)" = "$first" ] ||
		{ fail "it says '$(said chariot-insmod good_noinit.ko)', insmod '$first'"; return; }
	[ -e $SYSFS/good_noinit ] || { fail "the loaded one is not isolated any more"; return; }
	rmmod good_noinit && nothing_left
}

# Without a word on what it was built for, the kernel loads it and taints itself.
no_modinfo() {
	insmod bad/modinfo.ko && rmmod good_noinit || return
	chariot-insmod bad/modinfo.ko && unload good_noinit && nothing_left && clean_log
}

# A parameter that the module does not have is not an error for the kernel.
unknown_parameter() {
	insmod good_noinit.ko nonsense=1 && rmmod good_noinit || return
	chariot-insmod good_noinit.ko nonsense=1 || return
	unload good_noinit && log_since_mark | grep -c "unknown parameter 'nonsense'" | grep -qx 2 ||
		fail "${failure:-the kernel does not warn of it}"
}

unknown_name() {
	local plain isolated
	plain=$(modprobe no_such_module 2>&1; echo $?)
	isolated=$(chariot-insmod --modprobe no_such_module 2>&1; echo $?)
	isolated=${isolated//chariot-insmod/modprobe}
	[ "$plain" = "$isolated" ] || { fail "'$isolated', but modprobe: '$plain'"; return; }
	nothing_left
}

# The kernel refuses when the module is taken over already; then all goes on.
then_a_good_one() {
	same good_nodev.ko && chariot-insmod good_noinit.ko && unload good_noinit && nothing_left
}

command_line() {
	local arguments
	for arguments in "" "--mode nonsense good_noinit.ko" "--heap nonsense good_noinit.ko" \
		"--nonsense"; do
		# shellcheck disable=SC2086
		! chariot-insmod $arguments > /tmp/said 2>&1 || { fail "'$arguments' is accepted"; return; }
		[ -s /tmp/said ] || { fail "nothing is said of '$arguments'"; return; }
	done
	nothing_left
}

# name, and what insmod is called with
cases=(
	"no_file bad/missing.ko"
	"folder bad"
	"empty bad/empty.ko"
	"text bad/text.ko"
	"truncated_header bad/header.ko"
	"truncated_half bad/half.ko"
	"truncated_end bad/end.ko"
	"other_machine bad/machine.ko"
	"program bad/program.ko"
	"wild_section bad/section.ko"
	"wrong_vermagic bad/vermagic.ko"
	"wrong_symbol_version bad/modversion.ko"
	"unknown_symbol good_user.ko"
	"bad_parameter good_noinit.ko number=words"
	"failing_init good_nodev.ko"
)
tests=(no_modinfo loaded_already unknown_parameter unknown_name then_a_good_one command_line)
plan "${cases[@]%% *}" "${tests[@]}"
# tidy_test NAME FUNCTION [ARGUMENT...]: what it leaves must not fail the next
tidy_test() {
	run_test "$@"
	[ ! -e /sys/module/good_noinit ] || rmmod good_noinit
}

for line in "${cases[@]}"; do
	# shellcheck disable=SC2086
	tidy_test "${line%% *}" same ${line#* }
done
for name in "${tests[@]}"; do
	tidy_test "$name" "$name"
done
