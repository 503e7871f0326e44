# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the test scripts share. Runs in the lab's guest.
#
# A script says "plan NAME..." first, and then one line for each test:
#   ok NAME / not ok NAME: reason / skip NAME: reason
# Lines that begin with "# " are the context of the failure after them.

PLAYGROUND=/sys/kernel/debug/playground
SYSFS=/sys/kernel/chariot

# How drivers are loaded: plain, or isolated with page or byte (their --heap).
mode=${mode:-plain}
failure=

plan() { echo "plan $*"; }
ok() { echo "ok $1"; }
not_ok() { echo "not ok $1: $2"; }
skip() { echo "skip $1: $2"; }
note() { sed 's/^/# /'; }

isolated() { [ "$mode" != plain ]; }

# Where each write that is stopped, and each right, is a round trip to dom0.
on_xen() { [ "$(cat /sys/hypervisor/type 2>/dev/null)" = xen ]; }

# For functions that check: remember why, and be false.
fail() {
	failure=$*
	return 1
}

# run_test NAME FUNCTION [ARGUMENT...]: the function's status is the result.
run_test() {
	local name=$1
	shift
	mark "$name"
	failure=
	if "$@" > /tmp/output 2>&1; then
		ok "$name"
	else
		context "$name"
		not_ok "$name" "${failure:-$(tail -n 1 /tmp/output)}"
	fi
}

# What may help to understand a failure.
context() {
	{
		tail -n 60 /tmp/output
		log_since_mark | telling_lines
	} 2>/dev/null | note
}

# Of a log: what leads to the first trouble and comes with it, or the end.
telling_lines() {
	awk -v trouble="$TROUBLE" '{ line[NR] = $0 }
		!first && $0 ~ trouble { first = NR }
		END {
			from = first ? first - 5 : NR - 39
			for (i = from < 1 ? 1 : from; i <= NR && i < from + 40; i++)
				print line[i]
		}'
}

# load NAME [PARAMETER=VALUE...]: a driver under test, as the mode says
load() {
	local name=$1
	shift
	if isolated; then
		chariot-insmod --heap "$mode" "$name.ko" "$@"
	else
		insmod "$name.ko" "$@"
	fi
}

symbol() {
	awk -v name="$1" '$3 == name { print "0x" $1; exit }' /proc/kallsyms
}

load_playground() {
	insmod playground.ko "stext=$(symbol _stext)" "etext=$(symbol _etext)" \
		"rodata=$(symbol linux_banner)"
}

arm() { echo "$1" > $PLAYGROUND/arm; }

processors() { grep -c ^processor /proc/cpuinfo; }

# What the kernel holds of its own, in KiB, as far as it counts that exactly.
kernel_memory() {
	awk '/^(SUnreclaim|KernelStack|PageTables|VmallocUsed|Percpu):/ { sum += $2 } END { print sum }' \
		/proc/meminfo
}

# A mark in the kernel's log; log_since_mark shows what came after it.
mark() {
	log_mark="chariot-test: $1 at $(cut -d' ' -f1 /proc/uptime)"
	echo "$log_mark" > /dev/kmsg
}

log_since_mark() {
	dmesg | awk -v mark="$log_mark" 'found { print } index($0, mark) { found = 1 }'
}

TROUBLE='BUG:|WARNING:|Oops|general protection fault|Call Trace|Bad page|corrupt'
TROUBLE="$TROUBLE|\b[Ss]tall|lockup|blocked for more|use-after-free|refcount_t"

clean_log() {
	local complaint
	complaint=$(log_since_mark | grep -v 'chariot-test: ' | grep -E -m 1 "$TROUBLE") ||
		return 0
	fail "the kernel complained: $complaint"
}

# Writes of a driver that were stopped, each kind once.
violations() { cat "$SYSFS/$1/violations"; }

# True if these isolated drivers did nothing wrong (plain ones never do).
innocent() {
	local driver count
	isolated || return 0
	for driver; do
		count=$(violations "$driver") || { fail "$driver is not isolated"; return; }
		[ "$count" = 0 ] || {
			chariot report "$driver"
			fail "$driver was stopped: $(chariot report --json "$driver" | head -n 1 |
				cut -c1-300)"
			return
		}
	done
}

# True if nothing of these drivers is left.
gone() {
	local driver
	for driver; do
		[ ! -e "/sys/module/$driver" ] || { fail "module $driver is still there"; return; }
		[ ! -e "$SYSFS/$driver" ] || { fail "$SYSFS/$driver is still there"; return; }
	done
}

# Chariot itself is unloaded, and loaded again.
renew_chariot() {
	rmmod chariot || return
	[ ! -e $SYSFS ] && [ ! -e /dev/chariot ] || { fail "something is left of it"; return; }
	modprobe chariot
}

unload() {
	innocent "$@" && rmmod "$@" && gone "$@"
}

# field REPORT KEY: into $value, a value of a report (one JSON object in a line)
field() {
	local pattern="\"$2\": *\"?([^\",}]*)"
	value=
	[[ $1 =~ $pattern ]] && value=${BASH_REMATCH[1]//\\/}
}

# The same for the text of its victim.
victim_text() {
	local pattern='"victim": *\{[^}]*"text": *"([^"]*)"'
	value=
	[[ $1 =~ $pattern ]] && value=${BASH_REMATCH[1]//\\/}
}
