#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tries each entry of the list, one after the other, until one may have left
# the kernel damaged. Usage: run.sh SECONDS. Runs in the lab's guest.
#
# Lines that begin with "compat " are for chariot-compat; all else is context.

limit=$1
cd /root/compat || exit
export DM_DISABLE_UDEV=1
ln -sf /proc/mounts /etc/mtab
echo 3 > /proc/sys/vm/drop_caches

while IFS='|' read -r mode name modules before parameters <&5; do
	case $mode in
	plain) ! grep -q '^chariot ' /proc/modules || rmmod chariot ;;
	*) grep -q '^chariot ' /proc/modules || modprobe chariot ;;
	esac
	if [ -e bench_harness.ko ] && ! [ -e /sys/kernel/debug/chariot_bench ]; then
		insmod bench_harness.ko 2>/dev/null
	fi
	echo "compat begin $mode $name"
	timeout -k 5 "$limit" bash ./entry.sh "$mode" "$name" "$modules" "$before" "$parameters" \
		< /dev/null 2>&1
	status=$?
	[ $status != 124 ] && [ $status != 137 ] || echo "compat end failed it took longer than $limit s"
	# What follows a violation or a complaint would say nothing about the next ones.
	[ $status = 0 ] || exit 0
done 5< list
