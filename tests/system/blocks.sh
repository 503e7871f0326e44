#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Stock block drivers, as Debian ships them: a file system on them keeps what
# was written. Usage: [SIZE_MIB=N] blocks.sh plain|page|byte [DRIVER...]. Runs in the
# lab's guest.

mode=$1
shift
. ./lib.sh

# SIZE_MIB: how much is written. All data are whole pages in both modes, so that byte needs
# less of it.
SIZE_MIB=${SIZE_MIB:-32}
[ "$mode" != byte ] || SIZE_MIB=16
! on_xen || SIZE_MIB=2
# null_blk can be no smaller than 1 GiB: a journal and inodes for so much would be
# written, and freed in one go, for longer than RCU's watchdog bears on a slow machine.
DEVICE_MIB=$((SIZE_MIB < 64 ? 2 * SIZE_MIB + 4 : 128))

# load_stock NAME [PARAMETER=VALUE...]
load_stock() {
	if isolated; then
		chariot-insmod --heap "$mode" --modprobe "$@"
	else
		modprobe "$@"
	fi
}

# What a test does now, to whom it may take too long; its output is kept for failures.
exec 3>&1
now() { echo "now $1" >&3; }

sum() { sha256sum < "$1" | cut -d' ' -f1; }

# use DEVICE: make a file system, write, look again after a new mount
use() {
	local wanted
	wanted=$(sum /dev/shm/data)
	now "makes a file system on $1"
	mkfs.ext4 -q "$1" "${DEVICE_MIB}M" && mount "$1" /mnt || return
	now "writes $SIZE_MIB MiB"
	dd if=/dev/shm/data of=/mnt/data bs=1M conv=fsync 2>/dev/null || return
	now "reads it back"
	umount /mnt && mount "$1" /mnt || return
	[ "$(sum /mnt/data)" = "$wanted" ] || { umount /mnt; fail "other data comes back"; return; }
	rm /mnt/data && umount /mnt && e2fsck -fn "$1" > /dev/null ||
		fail "the file system is damaged"
}

zram() {
	load_stock zram num_devices=1 && echo "${DEVICE_MIB}M" > /sys/block/zram0/disksize &&
		use /dev/zram0 && echo 1 > /sys/block/zram0/reset && unload zram && clean_log
}

brd() {
	load_stock brd rd_nr=1 rd_size=$((DEVICE_MIB << 10)) && use /dev/ram0 && unload brd && clean_log
}

null_blk() {
	load_stock null_blk nr_devices=1 memory_backed=1 gb=1 && use /dev/nullb0 &&
		unload null_blk && clean_log
}

# switches_at_unload FILL_MIB: into $switches, how often rmmod of a null_blk that holds so
# much was made to leave its CPU to a busy process
switches_at_unload() {
	local busy
	load_stock null_blk nr_devices=1 memory_backed=1 gb=1 || return
	[ "$1" = 0 ] ||
		dd if=/dev/shm/data of=/dev/nullb0 bs=1M count="$1" oflag=direct 2>/dev/null || return
	innocent null_blk || return
	taskset 1 sh -c 'while :; do :; done' &
	busy=$!
	taskset 1 busybox time -v rmmod null_blk 2> /tmp/time
	kill $busy
	wait $busy 2>/dev/null
	gone null_blk && clean_log || return
	switches=$(sed -n 's/.*Involuntary context switches: //p' /tmp/time)
}

# A driver that frees all it has in one loop takes far longer to do so than unisolated:
# others must have its CPU meanwhile, or watchdogs bark on a slow machine.
SWITCHES_MORE=60
shared_unload() {
	local empty switches
	now "unloads an empty null_blk beside a busy process"
	switches_at_unload 0 || return
	empty=$switches
	now "unloads a full one"
	switches_at_unload 16 || return
	now "had $empty and $switches switches"
	[ "$switches" -ge $((empty + SWITCHES_MORE)) ] ||
		fail "rmmod left its CPU $switches times, without 16 MiB to free $empty times"
}

tests=("$@")
[ $# -gt 0 ] || tests=(zram brd null_blk shared_unload)
plan "${tests[@]}"
# A quarter of it can be compressed.
{
	dd if=/dev/urandom bs=256K count=$((SIZE_MIB * 3))
	dd if=/dev/zero bs=256K count="$SIZE_MIB"
} > /dev/shm/data 2>/dev/null
for name in "${tests[@]}"; do
	if [ "$name" = shared_unload ] && on_xen; then
		skip "$name" "to fill it takes an hour in the emulated Xen"
		continue
	fi
	run_test "$name" "$name"
	! grep -q " /mnt " /proc/mounts || umount /mnt
	[ ! -e "/sys/module/$name" ] || rmmod "$name" 2>/dev/null
done
