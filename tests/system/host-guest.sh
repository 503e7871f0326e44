#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the guests of host.sh do: the task on the kernel's command line, words
# with commas between. Runs in the lab's guest; its status is the task's.

task=$(sed -n 's/.*\btask=\([^ ]*\).*/\1/p' /proc/cmdline)
IFS=, read -r -a words <<< "$task"
set -- "${words[@]:1}"

# What follows in the log is of the task.
dmesg -c > /dev/null

# The guest's console tells the host how far it is.
tell() { echo "guest: $*" > /dev/kmsg; }

# Switch the RAM behind an address of the BIOS between two memory slots, by a
# register of the chipset.
toggle_slots() {
	local value=11
	while :; do
		printf '%b' "\\x$value" | dd of=/sys/bus/pci/devices/0000:00:00.0/config \
			bs=1 seek=91 conv=notrunc 2>/dev/null
		value=$((44 - value))
		usleep 300000
	done
}

case ${words[0]} in
probe)
	exec insmod kvm-probe.ko "$@"
	;;
probe-slots)
	toggle_slots &
	exec insmod kvm-probe.ko "$@"
	;;
# An isolated driver that does its good work and is stopped now and then.
driver)
	insmod chariot.ko || exit
	insmod playground.ko || exit
	./chariot-insmod faulty.ko && ./chariot-insmod good_base.ko &&
		./chariot-insmod good_files.ko || exit
	while ./exercise 2 2; do :; done &
	for ((i = 0; i < 1000; i++)); do
		echo module_data > /sys/kernel/debug/playground/arm
		printf 'store8 fileop' > /dev/faulty
		tell "round $i"
		sleep 1
	done
	;;
# Is a driver isolated, or refused with this text?
isolates)
	insmod chariot.ko || exit
	./chariot-insmod good_noinit.ko && grep -q . /sys/kernel/chariot/good_noinit/mode &&
		rmmod good_noinit
	;;
refuses)
	insmod chariot.ko || exit
	! ./chariot-insmod good_noinit.ko > /tmp/text 2>&1 || { echo "it was loaded"; exit 1; }
	cat /tmp/text
	dmesg | grep chariot
	[ ! -e /sys/module/good_noinit ] && [ ! -e /sys/kernel/chariot/good_noinit ] || exit
	! dmesg | grep -E 'BUG:|WARNING:|Oops|Call Trace' || exit
	rmmod chariot
	;;
*)
	echo "no task '$task'"
	exit 2
	;;
esac
