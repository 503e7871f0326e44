#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Measures in the lab's guest, first plain and then isolated, and prints lines
# for tests/bench/run: "plain|isolated WHAT NAME COUNTER VALUE...".
set -e
. ./common.sh

# What the rest of the guest does meanwhile: processes, files, pipes.
rest() {
	i=0
	while [ $i -lt 20 ]; do
		/bin/busybox true
		i=$((i + 1))
	done
	dd if=/root/data bs=64k 2>/dev/null | cat > /tmp/file
	rm /tmp/file
}

operations() {
	before=$(now)
	load ./bench_driver.ko
	span load "$before" "$(now)"
	settle
	sed "s/^/$how operation /" $BENCH/operations
	judge bench_driver
	rmmod bench_driver
}

span_of_rest() {
	before=$(now)
	rest
	span idle "$before" "$(now)"
}

idle() {
	load ./bench_driver.ko
	rest	# once before, as the others
	repeat span_of_rest
	judge bench_driver
	[ $how = plain ] || echo "isolated spoil bench_driver $(cat $BENCH/spoil) 1"
	rmmod bench_driver
}

# What the demo does with a block driver: a file system, a file, its checksum.
files() {
	before=$(now)
	mkfs.ext4 -q $device
	mount $device /mnt
	middle=$(now)
	three_times_data | dd of=/mnt/file bs=64k conv=fsync 2>/dev/null
	written=$(now)
	umount /mnt
	mount $device /mnt
	[ "$(sha256sum < /mnt/file)" = "$checksum" ]
	rm /mnt/file
	umount /mnt
	e2fsck -fn $device > /dev/null 2>&1
	span $module.files "$before" "$(now)"
	span $module.file "$middle" "$written"
}

three_times_data() { cat /root/data /root/data /root/data; }

checksum=$(three_times_data | sha256sum)
insmod ./bench_harness.ko
for how in plain isolated; do
	# Plain is a guest without chariot.ko.
	[ $how = isolated ] || modprobe -r chariot
	[ $how = plain ] || modprobe chariot
	repeat operations
	idle
	[ "$1" != crossings ] || continue
	repeat on_disk sectors brd /dev/ram0 rd_nr=1 rd_size=32768
	repeat on_disk sectors zram /dev/zram0
	on_disk files brd /dev/ram0 rd_nr=1 rd_size=65536
	on_disk files zram /dev/zram0
done
echo "done"
