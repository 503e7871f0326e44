# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# File systems: filled, unmounted, checked, mounted again and compared.

# maker TYPE: what makes a file system of that type here
maker() { command -v "mkfs.$1"; }

# make_fs TYPE DEVICE
make_fs() {
	case $1 in
	ext?) "mkfs.$1" -q -F "$2" ;;
	xfs | btrfs) "mkfs.$1" -f "$2" ;;
	*) "mkfs.$1" "$2" ;;
	esac
}

# check_fs TYPE DEVICE
check_fs() {
	case $1 in
	ext?) e2fsck -fn "$2" > /dev/null 2>&1 ;;
	xfs) xfs_repair -n "$2" > /dev/null 2>&1 ;;
	vfat) fsck.vfat -n "$2" > /dev/null 2>&1 ;;
	esac
}

work_fs_disk() {
	need nls_cp437 nls_ascii nls_utf8 nls_iso8859_1 brd
	until_true 3 test -b /dev/ram0
	files_on_disk /dev/ram0 "$1" && operations 30 file
}

# fill_and_compare MOUNT-COMMAND [FOLDER]: with a second mount in between
fill_and_compare() {
	local wanted folder=${2:-/mnt}
	eval "$1" || { fail "failed: $1"; return; }
	tree_of_files "$folder" || { fail "filling it"; return; }
	wanted=$(tree_sum "$folder")
	value files "$wanted"
	steps 'umount /mnt' "$1" || return
	[ "$(tree_sum "$folder")" = "$wanted" ] || { fail "other data comes back"; return; }
	steps "rm -r $folder/a $folder/d" 'umount /mnt' && operations 30 file
}

# Those that need more than a name to be mounted have a function of their own.
work_fs_nodev() {
	case $1 in
	overlay | fuse | 9p) "on_$1" ;;
	fusectl) mount -t fusectl none /mnt && umount /mnt ;;
	*) mount -t "$1" none /mnt && ls /mnt > /dev/null && umount /mnt ;;
	esac
}

on_overlay() {
	mkdir -p /dev/shm/o/lower /dev/shm/o/upper /dev/shm/o/work
	tree_of_files /dev/shm/o/lower
	fill_and_compare 'mount -t overlay -o lowerdir=/dev/shm/o/lower,upperdir=/dev/shm/o/upper,workdir=/dev/shm/o/work overlay /mnt' || return
	# What was removed must be gone, and what lies below untouched.
	value below "$(tree_sum /dev/shm/o/lower)"
	rm -rf /dev/shm/o
}

on_9p() {
	need 9pnet_virtio
	mkdir -p /mnt
	fill_and_compare 'mount -t 9p -o trans=virtio,version=9p2000.L,msize=131072 share /mnt' /mnt/work
}

on_fuse() {
	truncate -s 48M /dev/shm/image && mkfs.ext4 -q -F /dev/shm/image &&
		fill_and_compare 'fuse2fs -o fakeroot,rw /dev/shm/image /mnt && until_true 3 grep -q " /mnt fuse" /proc/mounts && until_true 5 test -d /mnt/lost+found' /mnt/work || return
	until_true 5 fuse_is_done || { fail "its daemon goes on"; return; }
	rm /dev/shm/image
}

fuse_is_done() { ! pidof fuse2fs > /dev/null; }
