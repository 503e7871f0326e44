#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Isolated drivers of three classes write all over kernel memory: what is not
# stopped must be their right. Usage: sweep.sh [SEED]. Runs in the lab's guest.

mode=page
. ./lib.sh

WRITES=10000
SEED=${1:-1}
OUTSIDE_MAX=65536	# bytes of rights outside a driver's own memory

# What a driver of the class is for: so it is handed objects first.
work_char() { :; }

work_net() {
	ip link set sweep0 up && ip addr add 192.0.2.1/24 dev sweep0 || return
	ping -c 3 -W 1 192.0.2.2 > /dev/null
	[ "$(cat /sys/class/net/sweep0/statistics/tx_packets)" -gt 0 ]
}

work_block() {
	dd if=/dev/urandom of=/dev/sweepdisk bs=64k count=4 oflag=direct 2> /dev/null &&
		dd if=/dev/sweepdisk of=/dev/null bs=64k iflag=direct 2> /dev/null
}

# Rights to what is not the driver's own, in bytes.
outside() {
	chariot regions "$1" | awk '$3 == "object" || $3 == "buffer" || $3 ~ /word$/ { n += $2 }
		END { print n + 0 }'
}

sweeps() {
	local driver=sweep_$1 bytes
	load "$driver" && "work_$1" || { fail "it does not work"; return; }
	innocent "$driver" || return
	bytes=$(outside "$driver")
	echo "idle, it may write $bytes bytes outside its own memory"
	[ "$bytes" -le $OUTSIDE_MAX ] || { fail "it may write $bytes bytes outside its own"; return; }
	./sweep "$driver" $WRITES "$SEED" > /tmp/sweep || { cat /tmp/sweep; fail "$(tail -n 1 /tmp/sweep)"; return; }
	tail -n 1 /tmp/sweep
	[ "$1" != net ] || ip link set sweep0 down
	rmmod "$driver" && gone "$driver"
}

plan char net block
# What may be written is written for a moment: nobody else may run then.
if [ "$(processors)" != 1 ]; then
	for class in char net block; do
		skip $class "needs a guest with one processor"
	done
	exit 0
fi
load_playground || exit
! on_xen || WRITES=1000
for class in char net block; do
	run_test $class sweeps $class
	grep -h '^sweep: tried\|^idle' /tmp/output | note
done
