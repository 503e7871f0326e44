#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the machine goes through while drivers are isolated: processors come and go, and it
# does not sleep. Usage: machine.sh. Runs in the lab's guest.

mode=page
. ./lib.sh

CPU1=/sys/devices/system/cpu/cpu1/online
RTC=/sys/class/rtc/rtc0

# stopped_on CPU: a bad write there is stopped, and told
stopped_on() {
	local before
	before=$(told)
	arm module_data && taskset -c "$1" sh -c 'printf "store8 fileop" > /dev/faulty' || return
	[ "$(cat $PLAYGROUND/check)" = intact ] ||
		{ fail "on CPU $1 the victim is $(cat $PLAYGROUND/check)"; return; }
	[ "$(told)" -gt "$before" ] || fail "the write on CPU $1 is not in the report"
}

# How many writes; the same one again is counted.
told() {
	local report sum=0
	while read -r report; do
		field "$report" repeat
		sum=$((sum + value))
	done < <(chariot report --json faulty)
	echo $sum
}

begin() { load faulty && load good_files && load good_alloc && stopped_on 0; }

work() { ./exercise 2 3 && echo text > /dev/good_alloc; }

end() { unload good_files good_alloc && rmmod faulty && gone faulty && clean_log; }

cpu() { echo "$1" > $CPU1 || fail "CPU 1: no '$1'"; }

# The driver's own memory on a processor that is away stays its own.
processor_goes() {
	begin && stopped_on 1 && cpu 0 && stopped_on 0 && work && cpu 1 &&
		stopped_on 1 && work && taskset -c 1 ./exercise 1 2 && end
}

# A driver is loaded while a processor is away, and then runs there.
processor_comes() {
	cpu 0 && begin && work && cpu 1 && stopped_on 1 && work &&
		taskset -c 1 sh -c 'echo text > /dev/good_alloc' && end
}

processors_often() {
	local busy i
	begin || return
	rm -f /tmp/enough
	until [ -e /tmp/enough ]; do ./exercise 2 2 || exit; done &
	busy=$!
	for i in 1 2 3 4 5 6; do
		cpu 0 && stopped_on 0 && cpu 1 && stopped_on 1 || break
	done
	touch /tmp/enough
	wait $busy || fail "${failure:-good_files does not work}"
	[ -z "$failure" ] && end
}

# refused STATE: while drivers are isolated, and they are afterwards
refused() {
	begin || return
	! echo "$1" > /sys/power/state 2> /tmp/error || { fail "it is not refused"; return; }
	grep -q 'resource busy' /tmp/error || { fail "the error is $(cat /tmp/error)"; return; }
	log_since_mark | grep -q 'chariot: no sleep, no hibernation: .* would not be isolated' ||
		{ fail "the log does not say why"; return; }
	stopped_on 0 && stopped_on 1 && work && end
}

# Not to idle: the lab's guest can't be woken from there.
sleep_refused() { echo deep > /sys/power/mem_sleep && refused mem; }

hibernation_refused() { echo shutdown > /sys/power/disk && refused disk; }

# Without drivers it may sleep, and they can be isolated as soon as it is awake.
awake_again() {
	echo 0 > $RTC/wakealarm && echo +3 > $RTC/wakealarm && echo mem > /sys/power/state ||
		{ fail "the machine does not sleep"; return; }
	log_since_mark | grep 'chariot: the backend had forgotten this guest .* 0 drivers' ||
		{ fail "the log does not say that the backend was lost"; return; }
	begin && stopped_on 1 && work && end
}

tests=(processor_goes processor_comes processors_often sleep_refused hibernation_refused
	awake_again)
plan "${tests[@]}"
load_playground || exit
echo 1 > /proc/sys/kernel/printk

for name in "${tests[@]}"; do
	# A Xen guest without devices can only be saved by the host (xend.sh).
	if [[ $name = sleep_refused || $name = awake_again ]] && ! grep -q deep /sys/power/mem_sleep; then
		skip "$name" "the machine can't sleep to memory"
		continue
	fi
	run_test "$name" "$name"
	[ "$(cat $CPU1)" = 1 ] || echo 1 > $CPU1
	for left in good_alloc good_files faulty; do
		[ ! -e /sys/module/$left ] || rmmod $left 2>/dev/null
	done
done
