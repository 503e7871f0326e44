#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Measures a driver of devices in the lab's guest, a packet or a block at a time:
# see common.sh. One of the two network cards sends to the other one; it is
# driven plainly when the other's driver is measured.
# usage: devices.sh e1000|virtio_net|nvme|null_blk
set -e
driver=$1
. ./common.sh
BLOCK=4096

settled() {
	[ $how = plain ] && echo 0 || cat $SYSFS/$1/settled
}

# with_settled MODULE NAME COMMAND...: how often a right was given only when asked for
with_settled() {
	before=$(settled $1) settled_of=$1 settled_name=$2
	shift 2
	"$@"
	echo "$how settled $settled_name count $(($(settled $settled_of) - before))"
}

# until_true COMMAND...: it is true some time
until_true() {
	tries=100
	until "$@" 2>/dev/null; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { echo "not: $*"; return 1; }
		usleep 100000
	done
}

# For whoever reads the console of a guest that did not get through.
step() { echo "bench: $how: $*" > /dev/kmsg; }

blocks() {
	until_true test -b $device
	with_settled $module $module sectors
}

# The card that a driver drives.
card_of() {
	for card in /sys/class/net/*; do
		[ "$(basename "$(readlink "$card/device/driver")")" != "$1" ] || basename "$card"
	done
}

has_card() { [ -n "$(card_of "$1")" ]; }

# packets NAME FROM TO
packets() {
	step "$1"
	./bench_net "$2" "$3" $BENCH/now > /tmp/io
	turn=1
	while [ $turn -lt "$(wc -l < /tmp/io)" ]; do
		span "$1" "$(line $turn)" "$(line $((turn + 1)))"
		turn=$((turn + 1))
	done
}

# on_net MODULE PEER
on_net() {
	modprobe "$2"
	load_stock "$1"
	step "$1 is loaded"
	until_true has_card "$1"
	until_true has_card "$2"
	mine=$(card_of "$1") peer=$(card_of "$2")
	ip link set "$mine" up
	ip link set "$peer" up
	step "$mine and $peer are up"
	until_true grep -q 1 "/sys/class/net/$mine/carrier"
	until_true grep -q 1 "/sys/class/net/$peer/carrier"
	settle
	with_settled "$1" "$1.send" packets "$1.send" "$mine" "$peer"
	with_settled "$1" "$1.receive" packets "$1.receive" "$peer" "$mine"
	judge "$1"
	ip link set "$mine" down
	ip link set "$peer" down
	rmmod "$1" "$2"
}

modprobe -q af_packet || true
for silent in /proc/sys/net/ipv6/conf/*/disable_ipv6; do
	[ ! -e "$silent" ] || echo 1 > "$silent"
done
insmod ./bench_harness.ko
for how in plain isolated; do
	[ $how = isolated ] || modprobe -r chariot
	[ $how = plain ] || modprobe chariot
	case $driver in
	e1000) on_net e1000 virtio_net ;;
	virtio_net) on_net virtio_net e1000 ;;
	nvme) on_disk blocks nvme /dev/nvme0n1 ;;
	null_blk) on_disk blocks null_blk /dev/nullb0 nr_devices=1 memory_backed=1 gb=1 ;;
	esac
done
echo "done"
