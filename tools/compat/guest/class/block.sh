# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Disks: raw data, then a file system, come back as they were written.

# Those that get their size or file only when asked to.
disk_ready() {
	local sys=/sys/block/$1
	if [ -e "$sys/disksize" ]; then
		echo 96M > "$sys/disksize"
	elif [ -e "$sys/loop" ] || [[ $(cat "$sys/dev") = 7:* ]]; then
		truncate -s 64M /dev/shm/disk && losetup "/dev/$1" /dev/shm/disk
	fi
	until_true 5 test "$(cat "$sys/size")" != 0 && until_true 5 test -b "/dev/$1" ||
		fail "$1 has no size"
}

disk_done() {
	local sys=/sys/block/$1
	if [ -e "$sys/disksize" ]; then
		echo 1 > "$sys/reset"
	elif [ -e "$sys/loop/backing_file" ]; then
		losetup -d "/dev/$1"
		until_true 3 test ! -e "$sys/loop/backing_file"
		rm /dev/shm/disk
	fi
	return 0
}

# What the disk had to do: reads and writes that ended.
disk_requests() { awk '{ print $1 + $5 }' "/sys/block/$1/stat"; }

# raw_disk DEVICE
raw_disk() {
	dd if=$DATA of="$1" bs=64k seek=8 count=16 oflag=direct conv=fsync,notrunc 2>/dev/null ||
		{ fail "raw writing"; return; }
	value raw "$(dd if="$1" bs=64k skip=8 count=16 iflag=direct 2>/dev/null | sha256sum)"
}

# files_on_disk DEVICE [FILE-SYSTEM]
files_on_disk() {
	local wanted type=${2:-ext4}
	need "$type"
	make_fs "$type" "$1" > /dev/null 2>&1 || { fail "mkfs.$type"; return; }
	steps "mount -t $type $1 /mnt" 'tree_of_files /mnt' || return
	wanted=$(tree_sum /mnt)
	steps 'umount /mnt' "check_fs $type $1" "mount -t $type $1 /mnt" || return
	value "$type" "$(tree_sum /mnt)"
	[ "$(tree_sum /mnt)" = "$wanted" ] || { fail "other data comes back"; return; }
	steps 'rm -r /mnt/a' 'umount /mnt' "check_fs $type $1"
}

work_block() {
	local disk=/dev/$1 before
	disk_ready "$1" || return
	before=$(disk_requests "$1")
	raw_disk "$disk" && files_on_disk "$disk" || return
	blockdev --flushbufs "$disk"
	operations $(($(disk_requests "$1") - before)) request
	disk_done "$1"
}
