# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What the scripts share that measure in the lab's guest, first plain and then
# isolated ($how). They print lines for tests/bench/run: "plain|isolated WHAT NAME
# COUNTER VALUE...".
BENCH=/sys/kernel/debug/chariot_bench
SYSFS=/sys/kernel/chariot
BLOCK=

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
	echo "$line view_bytes $(field "$3" view_bytes) from $(field "$2" mark) to $(field "$3" mark)"
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

# repeat COMMAND [ARGUMENT...]: tests/bench/run takes the fastest. What is loaded
# anew lies elsewhere in memory, and look-ups there are longer or shorter.
repeat() {
	for turn in 1 2 3; do
		settle
		"$@"
	done
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

# With blocks of $BLOCK bytes, or large ones. Its lines: the counters before, and after each writing and reading.
sectors() {
	./bench_io $device /root/data $BENCH/now $BLOCK > /tmp/io
	turn=1
	while [ $turn -lt "$(wc -l < /tmp/io)" ]; do
		span $module.write "$(line $turn)" "$(line $((turn + 1)))"
		span $module.read "$(line $((turn + 1)))" "$(line $((turn + 2)))"
		turn=$((turn + 2))
	done
}

line() { sed -n "$1p" /tmp/io; }

# Showing it costs, too: so at the end, however it comes.
exec 3>&1 > /tmp/figures
trap 'cat /tmp/figures >&3' EXIT
