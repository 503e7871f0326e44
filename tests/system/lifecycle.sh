#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Isolated drivers come and go, and what the commands say of them meanwhile.
# Usage: lifecycle.sh. Runs in the lab's guest.

mode=page
. ./lib.sh

status_names() { chariot status | awk 'NR > 1 { print $1 }' | sort | tr '\n' ' '; }

one_fault() {
	arm module_data && printf 'store8 fileop' > /dev/faulty
}

intact() {
	[ "$(cat $PLAYGROUND/check)" = intact ] || fail "the victim is $(cat $PLAYGROUND/check)"
}

doctor() {
	chariot doctor || fail "chariot doctor finds something missing"
}

empty_status() {
	[[ $(chariot status) = "No driver is isolated."* ]] ||
		fail "chariot status says: $(chariot status)"
}

status_lists() {
	load good_files && load bystander || return
	[ "$(status_names)" = "bystander good_files " ] || { fail "it lists $(status_names)"; return; }
	chariot regions good_files | grep -q . || { fail "there are no regions"; return; }
	[ "$(cat $SYSFS/good_files/mode)" = enforce ] || { fail "the mode is wrong"; return; }
	[ "$(cat $SYSFS/good_files/state)" = live ] || { fail "the state is wrong"; return; }
	unload good_files bystander && empty_status
}

chariot_stays() {
	load good_files || return
	! rmmod chariot 2>/tmp/error || { fail "chariot.ko was removed"; return; }
	grep -q 'in use\|busy\|temporarily unavailable' /tmp/error ||
		{ fail "rmmod says $(cat /tmp/error)"; return; }
	unload good_files
}

# Several rounds of faults, each with the report of its own load.
load_again() {
	local round
	for round in 1 2 3; do
		load faulty || return
		[ "$(violations faulty)" = 0 ] || { fail "round $round begins with violations"; return; }
		one_fault && intact || return
		[ "$(violations faulty)" = 1 ] ||
			{ fail "round $round has $(violations faulty) violations"; return; }
		rmmod faulty && gone faulty || return
	done
	clean_log
}

# The same write again is counted, not told again.
repeats() {
	local i
	load faulty || return
	for i in 1 2 3 4 5; do
		one_fault || return
	done
	intact || return
	[ "$(violations faulty)" = 1 ] ||
		{ fail "there are $(violations faulty) violations"; return; }
	field "$(chariot report --json faulty | tail -n 1)" repeat
	[ "$value" -ge 5 ] || { fail "the report does not count them"; return; }
	rmmod faulty
}

audit() {
	chariot-insmod --mode audit faulty.ko || return
	one_fault || return
	[[ $(cat $PLAYGROUND/check) = changed* ]] || { fail "the write did not happen"; return; }
	field "$(chariot report --json faulty | tail -n 1)" outcome
	[ "$value" = audited ] || { fail "the report does not say so"; return; }
	rmmod faulty && clean_log
}

# What a driver may do by the rules is no more a violation here than in enforce mode.
audit_of_good() {
	chariot-insmod --mode audit good_files.ko text=given && ./exercise 1 3 &&
		[ "$(cat /sys/module/good_files/parameters/text)" = given ] &&
		grep -q '^opened' /proc/good_files/single && unload good_files && clean_log
}

plan_loads_nothing() {
	chariot-insmod --plan faulty.ko | grep -q . || { fail "the plan is empty"; return; }
	chariot-insmod --plan --json faulty.ko | grep -q '^[[{]' || { fail "no JSON"; return; }
	gone faulty
}

kernel_log() {
	load faulty && one_fault || return
	log_since_mark | grep -q 'chariot: .*faulty.*wrote to' || { fail "there is no such line"; return; }
	log_since_mark | grep -q 'faulty_store8+' || { fail "the function is not named"; return; }
	rmmod faulty
}

tracepoints() {
	local tracing=/sys/kernel/tracing event
	for event in load grant revoke violation unload; do
		echo 1 > $tracing/events/chariot/$event/enable || return
	done
	echo > $tracing/trace
	load faulty && one_fault && rmmod faulty || return
	for event in load grant violation unload; do
		grep -q " $event:" $tracing/trace || { fail "no event $event"; return; }
	done
	echo 0 > $tracing/events/chariot/enable
}

follow() {
	local pid
	load faulty || return
	chariot report --follow --json faulty > /tmp/follow &
	pid=$!
	sleep 1
	arm module_data && printf 'locked_inc fileop' > /dev/faulty
	for _ in {1..30}; do
		! grep -q 'faulty_locked_inc+' /tmp/follow || break
		sleep 1
	done
	kill $pid
	wait $pid 2>/dev/null
	grep -q 'faulty_locked_inc+' /tmp/follow || { fail "it did not tell"; return; }
	rmmod faulty
}

source_line() {
	load faulty && one_fault || return
	chariot report --json --module-file faulty.ko faulty | tail -n 1 > /tmp/report
	rmmod faulty
	grep -q '"source": *"[^"]*stores.c:[0-9]' /tmp/report || fail "it is not in the report"
}

user_space_is_refused() {
	local text
	text=$(busybox su -s /bin/sh nobody -c 'chariot report' 2>&1) &&
		{ fail "anybody can read reports"; return; }
	[ -n "$text" ] || fail "nothing is said"
}

# By name, as modprobe.d would do it; the file's signature stays good.
by_name() {
	local taint
	chariot-insmod --modprobe brd rd_nr=1 rd_size=4096 || return
	[ "$(status_names)" = "brd " ] || { fail "status lists $(status_names)"; return; }
	taint=$(cat /sys/module/brd/taint)
	[ -z "$taint" ] || { fail "the module taints the kernel: $taint"; return; }
	unload brd && clean_log
}

modprobe_d() {
	mkdir -p /etc/modprobe.d
	echo 'install brd /usr/sbin/chariot-insmod --modprobe brd $CMDLINE_OPTS' \
		> /etc/modprobe.d/chariot-test.conf
	modprobe brd rd_nr=1 rd_size=4096 || return
	rm /etc/modprobe.d/chariot-test.conf
	[ "$(status_names)" = "brd " ] || { fail "status lists $(status_names)"; return; }
	[ "$(cat /sys/module/brd/parameters/rd_nr)" = 1 ] || { fail "the options are lost"; return; }
	unload brd
}

# An isolated driver that is removed while another task is in it.
remove_in_use() {
	load good_files || return
	exec 7<> /dev/good_files
	! rmmod good_files 2>/dev/null || { fail "it was removed while open"; return; }
	exec 7>&-
	unload good_files
}

chariot_goes() {
	renew_chariot && doctor && load good_files && ./exercise 2 5 && unload good_files &&
		clean_log
}

tests=(doctor empty_status status_lists chariot_stays load_again repeats audit
	audit_of_good plan_loads_nothing kernel_log tracepoints follow source_line user_space_is_refused
	by_name modprobe_d remove_in_use chariot_goes)
plan "${tests[@]}"
load_playground || exit
echo 'nobody:x:65534:65534:nobody:/:/bin/sh' >> /etc/passwd
for name in "${tests[@]}"; do
	run_test "$name" "$name"
	for left in faulty bystander good_files brd; do
		[ ! -e /sys/module/$left ] || rmmod $left 2>/dev/null
	done
done
