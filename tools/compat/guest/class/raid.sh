# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Device mapper targets and MD personalities, on RAM disks beneath.

# two_disks: /dev/ram0 and /dev/ram1, of 48 MiB
two_disks() {
	! grep -q '^brd ' /proc/modules || rmmod brd
	modprobe brd rd_nr=2 rd_size=49152 && until_true 3 test -b /dev/ram1
}

# dm_table TARGET: how it lies over /dev/ram0, 49152 KiB
dm_table() {
	local sectors=98304
	case $1 in
	crypt) echo "0 $sectors crypt aes-xts-plain64 $(printf '0123456789abcdef%.0s' 1 2 3 4 5 6 7 8) 0 /dev/ram0 0" ;;
	striped) echo "0 $((sectors * 2)) striped 2 128 /dev/ram0 0 /dev/ram1 0" ;;
	delay) echo "0 $sectors delay /dev/ram0 0 0" ;;
	flakey) echo "0 $sectors flakey /dev/ram0 0 60 0" ;;
	mirror) echo "0 $sectors mirror core 1 1024 2 /dev/ram0 0 /dev/ram1 0" ;;
	zero | error) echo "0 $sectors $1" ;;
	*) echo "0 $sectors $1 /dev/ram0 0" ;;
	esac
}

work_dm() {
	need xts ecb aesni_intel
	two_disks || return
	dm_table "$1" | dmsetup create compat || {
		# What has no table of two words here can't be tried, as io_err targets can't.
		[ "$1" = linear ] || return 0
		fail "the table of $1"
		return
	}
	dmsetup mknodes compat
	value "table_$1" "$(dmsetup table compat)"
	case $1 in
	zero) value zero "$(dd if=/dev/mapper/compat bs=64k count=4 iflag=direct 2>/dev/null | sha256sum)" ;;
	error) ! dd if=/dev/mapper/compat of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null ||
		fail "error read something" ;;
	*) raw_disk /dev/mapper/compat && beneath "$1" && files_on_disk /dev/mapper/compat &&
		operations "$(awk '{ print $1 + $5 }' /sys/block/dm-0/stat)" request ;;
	esac || return
	# What it says may differ, but not where it writes that.
	dmsetup status compat > /dev/null || return
	dmsetup suspend compat && dmsetup resume compat && until_true 3 dmsetup remove compat || return
	rmmod brd
}

# What lies beneath the raw data: a cipher must have made something else of it.
beneath() {
	value "beneath_$1" "$(dd if=/dev/ram0 bs=64k skip=8 count=16 iflag=direct 2>/dev/null |
		sha256sum)"
}

# put FILE TEXT
put() { echo "$2" > "$1" || fail "$2 into $1"; }

work_md() {
	local md=/sys/block/md127/md disk
	two_disks || return
	echo md127 > /sys/module/md_mod/parameters/new_array
	until_true 3 test -d $md || { fail "no array"; return; }
	put $md/metadata_version none && put $md/level "$1" && put $md/raid_disks 2 || return
	for disk in 0 1; do
		put $md/new_dev "1:$disk" && put $md/dev-ram$disk/size 48128 &&
			put $md/dev-ram$disk/slot $disk || return
	done
	case $1 in
	raid0 | raid4 | raid5 | raid6 | raid10) put $md/chunk_size 65536 ;;
	esac
	put $md/component_size 48128
	put_quietly $md/resync_start none
	put $md/array_state active && until_true 3 test -b /dev/md127 || return
	raw_disk /dev/md127 && files_on_disk /dev/md127 || return
	operations "$(awk '{ print $1 + $5 }' /sys/block/md127/stat)" request
	if [ "$1" = raid1 ]; then
		# One disk fails and is put back, the other has it all.
		put $md/dev-ram1/state faulty && raw_disk /dev/md127 || return
		until_true 5 put_quietly $md/dev-ram1/state remove
		until_true 5 test ! -e $md/dev-ram1
		usleep 200000
		put $md/new_dev 1:1 || return
		# The array may have given it a slot by itself.
		put_quietly $md/dev-ram1/slot 1
		until_true 30 grep -qx 0 $md/degraded
		until_true 10 grep -q idle $md/sync_action
		value degraded "$(cat $md/degraded)"
	fi
	blockdev --flushbufs /dev/md127
	put $md/array_state clear && until_true 5 test ! -e $md || return
	[ "$1" != raid1 ] || value same "$(cmp -n 40000000 /dev/ram0 /dev/ram1 > /dev/null 2>&1; echo $?)"
	rmmod brd
}

put_quietly() { echo "$2" 2>/dev/null > "$1"; }
