# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the scripts share that run on the lab's host in the place of a guest: their guests,
# which run host-guest.sh, and chariot-kvm.

# What a failed test leaves behind is not the next one's.
not_ok() {
	echo "not ok $1: $2"
	failed=yes
}

DEBUG=/sys/kernel/debug/chariot
PARAMETERS=/sys/module/chariot_kvm/parameters
GROUP=/sys/fs/cgroup/guest

# --- guests ------------------------------------------------------------------

# start PROCESSORS TASK [QEMU-ARG...]: a guest, in $guest, its process in $pid
start() {
	local smp=$1 task=$2
	shift 2
	guests=$((guests + 1))
	guest=/run/guests/$guests
	mkdir -p $guest && mkfifo $guest/shell $guest/monitor.in $guest/monitor.out || return
	(
		cd $guest || exit
		[ ! -d $GROUP ] || echo $BASHPID > $GROUP/cgroup.procs
		exec ${as_user:-} sh /lab/guest/command -smp "$smp" -append \
			"console=ttyS0,115200 loglevel=5 panic=-1 task=$task" \
			-chardev pipe,id=monitor,path=monitor -mon chardev=monitor "$@" \
			> qemu 2>&1
	) &
	pid=$!
	cat $guest/monitor.out > $guest/answers &
}

console() { tr -d '\r' < $guest/console; }
running() { kill -0 $pid 2>/dev/null; }

# An Intel host is one that Bochs emulates, which takes longer: to hash the image of a kernel
# for kexec, minutes.
patience=1
! grep -qw vmx /proc/cpuinfo || patience=4

# until_true SECONDS COMMAND...: whether it becomes true in time
until_true() {
	local end=$((SECONDS + $1 * patience))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return
		usleep 200000
	done
}

console_has() { console 2>/dev/null | grep -q "$1"; }

# says TEXT: the guest gets so far
says() {
	until_true "${2:-60}" console_has "$1" && return
	console | telling_lines
	cat $guest/qemu
	fail "the guest does not get to '$1'"
}

# The task's status, once the guest has ended by itself.
ended() {
	local status
	if ! until_true "${1:-180}" not running; then
		console | telling_lines
		fail "the guest does not end"
		return
	fi
	wait $pid
	status=$(sed -n 's/^lab exit //p' $guest/output)
	cat $guest/output $guest/qemu
	[ "$status" = 0 ] || { console | grep -E 'probe:|hostile:' | tail -n 15; fail "the guest's task ended with '$status'"; }
}

not() { ! "$@"; }

monitor() { echo "$*" > $guest/monitor.in; }

# asks COMMAND PATTERN: whether the monitor's answer has it
asks() {
	: > $guest/answers
	monitor "$1"
	usleep 300000
	tr -d '\r' < $guest/answers | grep -q "$2"
}

kill_guest() {
	kill -9 $pid
	wait $pid 2>/dev/null
	true
}

# --- chariot-kvm ---------------------------------------------------------------

load_module() { insmod /root/chariot-kvm.ko "$@"; }
loaded() { [ -e /sys/module/chariot_kvm ]; }
folders() { ls $DEBUG | wc -l; }
stat_of() { awk -v name="$1" '$1 == name { print $2 }' $DEBUG/$pid-*/stats; }
no_folder() { [ "$(folders)" = 0 ]; }
unload_module() { rmmod chariot-kvm 2> /tmp/rmmod; }
told() { dmesg | grep -c "chariot-kvm: guest of process $pid: .* stopped: "; }

# Nothing is left of any guest, and the module goes and comes.
nothing_left() {
	until_true 10 no_folder || { fail "left in debugfs: $(ls $DEBUG)"; return; }
	until_true 10 unload_module || { fail "rmmod: $(cat /tmp/rmmod)"; return; }
	! loaded && [ ! -e $DEBUG ] || { fail "something is left of chariot-kvm"; return; }
	load_module "$@"
}

# run_tests NAME...: each a function. The script's clear_up NAME comes after one that failed.
run_tests() {
	local name
	guests=0
	guest=/run/guests	# of the last one
	pid=none
	mount -t cgroup2 none /sys/fs/cgroup
	load_module || exit
	for name; do
		failed=
		run_test "$name" "$name"
		[ -z "$failed" ] || clear_up "$name"
	done
}
