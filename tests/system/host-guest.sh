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
# Good drivers whose work has the guest settle writes.
good)
	insmod chariot.ko && ./chariot-insmod good_base.ko && ./chariot-insmod good_files.ko &&
		./exercise 2 200 || exit
	settled=$(cat /sys/kernel/chariot/good_files/settled)
	tell "good, settled $settled"
	while sleep 1; do :; done
	;;
# Drivers come, work, are stopped, and go, so many times; nothing is left of them.
rounds)
	. ./lib.sh
	insmod chariot.ko && insmod playground.ko || exit
	for ((i = 1; i <= words[1]; i++)); do
		./chariot-insmod faulty.ko && ./chariot-insmod good_base.ko &&
			./chariot-insmod good_files.ko && ./chariot-insmod good_alloc.ko || exit
		tell "loaded $i"
		echo module_data > /sys/kernel/debug/playground/arm
		printf 'store8 fileop' > /dev/faulty
		[ "$(cat /sys/kernel/debug/playground/check)" = intact ] &&
			[ "$(cat /sys/kernel/chariot/faulty/violations)" = 1 ] &&
			./exercise 2 2 && echo text > /dev/good_alloc &&
			[ "$(cat /sys/kernel/chariot/good_{files,alloc}/violations)" = $'0\n0' ] &&
			rmmod good_alloc good_files good_base faulty || exit
		[ $i -gt 2 ] || before=$(kernel_memory)
	done
	more=$(($(kernel_memory) - before))
	echo "$more KiB more"
	[ $more -lt 1024 ] && ! dmesg | grep -E 'BUG:|WARNING:|Oops|Call Trace'
	;;
# The machine is reset with a driver isolated.
reboots)
	insmod chariot.ko && ./chariot-insmod good_base.ko && ./chariot-insmod good_files.ko || exit
	tell again
	./exercise 2 2
	reboot -f
	;;
# A device's memory is put far away, and costs no more than where it was.
far)
	for device in /sys/bus/pci/devices/*; do
		[ "$(cat "$device/vendor" "$device/device")" != $'0x1af4\n0x1110' ] || break
	done
	echo 1 > "$device/enable" &&
		printf '\x0c\x00\x00\x00\x60\x00\x00\x00' |
		dd of="$device/config" bs=1 seek=24 conv=notrunc 2> /dev/null || exit
	tell far
	sleep 3		# the host looks
	insmod chariot.ko || exit
	tell connected
	sleep 3
	./chariot-insmod good_noinit.ko && rmmod good_noinit
	;;
# Another kernel is booted under isolated drivers, and starts anew.
kexec)
	modprobe virtio_blk && cat /dev/vda > vmlinuz && cat /dev/vdb > initrd || exit
	insmod chariot.ko && insmod playground.ko && ./chariot-insmod faulty.ko &&
		./chariot-insmod good_base.ko && ./chariot-insmod good_files.ko || exit
	while ./exercise 2 2; do :; done &
	tell "boots another kernel"
	sleep 3
	exec ./kexec vmlinuz initrd "$(sed 's/task=kexec/task=kexeced/' /proc/cmdline)"
	;;
kexeced)
	tell "the other kernel"
	sleep 5		# the host looks
	insmod chariot.ko && ./chariot-insmod good_base.ko && ./chariot-insmod good_files.ko &&
		./exercise 2 2 && [ "$(cat /sys/kernel/chariot/good_files/violations)" = 0 ] &&
		rmmod good_files good_base chariot
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
