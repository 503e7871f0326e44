# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the scripts of chariot-compat share. Runs in the lab's guest.

SYSFS=/sys/kernel/chariot
# 4 MiB that are the same in each run.
DATA=/root/compat/data

TROUBLE='BUG:|WARNING:|Oops|general protection fault|Call Trace|Bad page|corrupt'
TROUBLE="$TROUBLE|[ -][Ss]tall|lockup|blocked for more|use-after-free|refcount_t"

failure=

# For functions that check: remember why, and be false.
fail() {
	[ -n "$failure" ] || failure=$*
	return 1
}

# value KEY VALUE: must be the same, plain and isolated
value() { echo "compat value $1 $2"; }

# operations COUNT UNIT
operations() { echo "compat operations $1 $2"; }

sum() { sha256sum < "$1" | cut -d' ' -f1; }

# need MODULE...: load helpers plainly, where the kernel has them as modules
need() {
	local name
	for name; do
		modprobe -q "$name" 2>/dev/null
	done
	return 0
}

# until_true SECONDS COMMAND...
until_true() {
	local left=$(($1 * 10))
	shift
	until "$@"; do
		[ $((left--)) -gt 0 ] || return
		usleep 100000
	done
}

# steps COMMAND...: the first that fails says so
steps() {
	local step
	for step; do
		eval "$step" || { fail "failed: $step"; return; }
	done
}

# Commands for QEMU by way of its monitor, as at its prompt.
MONITOR_PORT=
find_monitor() {
	local port
	for port in /sys/class/virtio-ports/*; do
		[ "$(cat "$port/name" 2>/dev/null)" != chariot.monitor ] ||
			MONITOR_PORT=/dev/${port##*/}
	done
	[ -n "$MONITOR_PORT" ] || fail "QEMU's monitor is not there"
}

# qemu COMMAND: its answer is what it prints
qemu() {
	[ -n "$MONITOR_PORT" ] || find_monitor || return
	(
		exec 6<>"$MONITOR_PORT" || exit
		printf '%s\n' "$1" >&6
		timeout 2 cat <&6
	) | tr -d '\r'
	return 0
}

# tree_of_files FOLDER: fill it; tree_sum FOLDER: what is in it
tree_of_files() {
	local i
	mkdir -p "$1/a/b/c" "$1/d" || return
	for i in 1 2 3 4 5 6 7 8; do
		dd if=$DATA of="$1/a/$i" bs=4096 skip=$((i * 40)) count=$((i * 5)) 2>/dev/null || return
		dd if=$DATA of="$1/a/b/$i" bs=777 skip=$i count=$((i * 3)) 2>/dev/null || return
		echo "$i" > "$1/a/b/c/$i" || return
	done
	head -c 1048576 $DATA > "$1/d/large" && mv "$1/a/b/c/8" "$1/d/renamed" && rm "$1/a/b/c/7" &&
		echo more >> "$1/a/b/1" && mkdir "$1/d/empty" && sync -f "$1" 2>/dev/null || sync
}

tree_sum() { (cd "$1" && find . -type f | sort | xargs sha256sum | sha256sum | cut -d' ' -f1); }

# The TCP port of the echo service in a network name space, or QEMU's.
PORT=7
