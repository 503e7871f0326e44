#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Runs in the guest: prints "what key value..." lines for tests/bench/run.
set -e
mount -t debugfs none /sys/kernel/debug 2>/dev/null || :
insmod ./bench_harness.ko

now() { cat /sys/kernel/debug/chariot_bench_now; }
field() { echo "$1" | tr ' ' '\n' | grep -A1 "^$2\$" | tail -n 1; }
# span NAME BEFORE AFTER: what lay between
span() {
	printf '%s' "$1"
	for k in tsc vm_exits entries exits emulated page_faults; do
		printf ' %s %s' $k $(($(field "$3" $k) - $(field "$2" $k)))
	done
	echo " view_bytes $(field "$3" view_bytes)"
}
load() { # load HOW FILE...
	how=$1; shift
	if [ $how = plain ]; then insmod "$@"; else chariot-insmod "$@"; fi
}
load_stock() {
	how=$1; shift
	if [ $how = plain ]; then modprobe "$@"; else chariot-insmod --modprobe "$@"; fi
}
choose() {
	d=$(cat /sys/kernel/chariot/$1/domain 2>/dev/null || echo 0)
	echo $d > /sys/module/bench_harness/parameters/domain
}

operations() {
	a=$(now); load $1 ./bench_driver.ko; b=$(now)
	span "$1.load" "$a" "$b"
	choose bench_driver
	sed "s/^/$1.op./" /sys/kernel/debug/chariot_bench
	# Idle: what the rest of the guest pays.
	i=0; a=$(now)
	while [ $i -lt 30 ]; do /bin/busybox true; i=$((i + 1)); done
	dd if=/dev/zero of=/tmp/f bs=64k count=64 2>/dev/null; rm /tmp/f
	b=$(now); span "$1.idle" "$a" "$b"
	rmmod bench_driver
}

block() { # block HOW MODULE DEVICE SETUP
	load_stock $1 $2 $4
	choose $2
	dev=$3
	[ $2 != zram ] || echo 64M > /sys/block/zram0/disksize
	dd if=/root/data of=$dev bs=64k oflag=direct 2>/dev/null	# warm
	a=$(now); dd if=/root/data of=$dev bs=64k oflag=direct 2>/dev/null; b=$(now)
	span "$1.$2.write" "$a" "$b"
	a=$(now); dd if=$dev of=/dev/null bs=64k count=256 iflag=direct 2>/dev/null; b=$(now)
	span "$1.$2.read" "$a" "$b"
	if [ $1 != plain ]; then
		echo "violations $2 $(cat /sys/kernel/chariot/$2/violations)"
	fi
	[ $2 != zram ] || echo 1 > /sys/block/zram0/reset
	rmmod $2
}

# 16 MiB, half of it compressible.
dd if=/dev/urandom of=/root/chunk bs=32k count=1 2>/dev/null
i=0; while [ $i -lt 256 ]; do cat /root/chunk; dd if=/dev/zero bs=32k count=1 2>/dev/null; i=$((i + 1)); done > /root/data

for how in plain isolated; do
	operations $how
	block $how brd /dev/ram0 "rd_nr=1 rd_size=32768"
	block $how zram /dev/zram0 ""
done
echo "done"
