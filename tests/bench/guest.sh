#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Measures in the lab's guest, first plain and then isolated, and prints lines
# for tests/bench/run: "plain|isolated WHAT NAME COUNTER VALUE...".
set -e
BENCH=/sys/kernel/debug/chariot_bench
SYSFS=/sys/kernel/chariot

# Without work of others: the kernels still test their algorithms after they have
# booted, and what has been loaded or told just now is still being dealt with.
settle() {
	while grep -qs cryptomgr_test /proc/[0-9]*/comm; do
		sleep 1
	done
	sleep 3
}

now() { cat $BENCH/now; }

field() {
	set -- "$2" $1
	wanted=$1
	shift
	while [ $# -gt 0 ] && [ "$1" != "$wanted" ]; do
		shift 2
	done
	echo "$2"
}

# span NAME BEFORE AFTER: what lay between
span() {
	line="$how span $1"
	for counter in tsc vm_exits switches emulated page_faults; do
		line="$line $counter $(($(field "$3" $counter) - $(field "$2" $counter)))"
	done
	echo "$line view_bytes $(field "$3" view_bytes)"
}

load() {
	if [ $how = plain ]; then
		insmod "$@"
	else
		chariot-insmod "$@"
	fi
}

load_stock() {
	if [ $how = plain ]; then
		modprobe "$@"
	else
		chariot-insmod --modprobe "$@"
	fi
}

# Says how often a driver was stopped, and if it was, what for.
judge() {
	[ $how = isolated ] || return 0
	stopped=$(cat $SYSFS/$1/violations)
	echo "isolated violations $1 count $stopped"
	[ "$stopped" = 0 ] || chariot report "$1" | sed 's/^/# /'
}

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

# repeat COMMAND [ARGUMENT...]: tests/bench/run takes the fastest. What is loaded
# anew lies elsewhere in memory, and look-ups there are longer or shorter.
repeat() {
	for turn in 1 2 3; do
		settle
		"$@"
	done
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

# on_disk WORK MODULE DEVICE [PARAMETER...]
on_disk() {
	work=$1 module=$2 device=$3
	shift 3
	load_stock $module "$@"
	[ $module != zram ] || echo 64M > /sys/block/zram0/disksize
	settle
	$work
	judge $module
	[ $module != zram ] || echo 1 > /sys/block/zram0/reset
	rmmod $module
}

# Its lines: the counters before, and after each writing and reading.
sectors() {
	./bench_io $device /root/data $BENCH/now > /tmp/io
	turn=1
	while [ $turn -lt "$(wc -l < /tmp/io)" ]; do
		span $module.write "$(line $turn)" "$(line $((turn + 1)))"
		span $module.read "$(line $((turn + 1)))" "$(line $((turn + 2)))"
		turn=$((turn + 2))
	done
}

line() { sed -n "$1p" /tmp/io; }

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

# Showing it costs, too: so at the end, however it comes.
exec 3>&1 > /tmp/figures
trap 'cat /tmp/figures >&3' EXIT
checksum=$(three_times_data | sha256sum)
insmod ./bench_harness.ko
for how in plain isolated; do
	# Plain is a guest without chariot.ko.
	[ $how = isolated ] || modprobe -r chariot
	[ $how = plain ] || modprobe chariot
	repeat operations
	idle
	repeat on_disk sectors brd /dev/ram0 rd_nr=1 rd_size=32768
	repeat on_disk sectors zram /dev/zram0
	on_disk files brd /dev/ram0 rd_nr=1 rd_size=65536
	on_disk files zram /dev/zram0
done
echo "done"
