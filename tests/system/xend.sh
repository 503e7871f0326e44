#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# chariot-xend as an administrator uses it: what --check says, which guests are served,
# in the background, and what becomes of a guest whose process has died.
# Usage: xend.sh. Runs on the lab's host, Xen's dom0, in the place of a guest; the guest
# of /lab/guest/command runs host-guest.sh, the others never run.

mode=host
. ./lib.sh

PATH=$PATH:/usr/lib/xen-4.17/bin
LOG=/run/xend/log
WAIT=60

# --- guests --------------------------------------------------------------------------

# create NAME [LINE...]: a guest that stands still, its number in $number
create() {
	local name=$1
	shift
	printf '%s\n' "name = \"$name\"" 'type = "pvh"' 'memory = 96' 'shadow_memory = 8' \
		'kernel = "/lab/guest/vmlinuz"' "$@" > "/run/xend/$name.cfg"
	xl create -p -q "/run/xend/$name.cfg" && number=$(xl domid "$name")
}

with_views() { create "$1" 'altp2m = "external"'; }
exists() { xl domid "$1" > /dev/null 2>&1; }

# --- chariot-xend ----------------------------------------------------------------------

# xend [OPTION...]: in the foreground, and its log in $LOG
xend() {
	./chariot-xend --foreground "$@" > $LOG 2>&1 &
	pid=$!
}

runs() { pidof chariot-xend > /dev/null; }
logged() { grep -q "$1" $LOG; }
not() { ! "$@"; }

# until_true COMMAND...: whether it becomes true in time
until_true() {
	local end=$((SECONDS + WAIT))
	until "$@"; do
		[ $SECONDS -lt $end ] || return
		usleep 200000
	done
}

says() {
	until_true logged "$1" || { cat $LOG; fail "chariot-xend does not say '$1'"; }
}

# It ends when it is told to, and leaves no process.
ends() {
	killall chariot-xend
	until_true not runs || { cat $LOG; fail "chariot-xend does not end"; }
}

# check_says STATUS TEXT: of --check
check_says() {
	local status
	./chariot-xend --check > /run/xend/check 2>&1
	status=$?
	cat /run/xend/check
	[ $status = "$1" ] || { fail "its status is $status"; return; }
	grep -q "$2" /run/xend/check || fail "it does not say '$2'"
}

# --- tests -----------------------------------------------------------------------------

check_host() {
	check_says 0 'no guest runs' && [ "$(grep -c ^ok /run/xend/check)" = 3 ] ||
		fail "${failure:-something is missing}"
}

check_no_views() {
	create plain || return
	check_says 1 "^missing *guest $number may have views: set altp2m" || return
	# Whoever is not to be served lacks nothing.
	printf 'guests = [ "other" ]\n' > /run/xend/conf
	./chariot-xend --check --config=/run/xend/conf
}

# Another tool, of Xen's own, has the monitor.
check_ring() {
	local other first
	with_views first || return
	first=$number
	check_says 0 "^ok *guest $first has no monitor yet" || return
	xen-access "$first" breakpoint > /run/xend/access 2>&1 &
	other=$!
	until_true grep -q 'starting breakpoint' /run/xend/access ||
		{ cat /run/xend/access; fail "xen-access does not run"; return; }
	check_says 1 'another tool has its monitor ring; end that tool' || return
	xend
	says "guest $first: .* another tool has its monitor ring" || return
	# Others are served, and this one when it is free; it is told of as they come and go.
	kill -INT $other
	wait $other
	with_views second && says "guest $number: served" && says "guest $first: served" || return
	check_says 0 "^ok *guest $first has no monitor yet, or this one" && ends
}

# only NAME: it is served, and not the other one
only() {
	local name served
	for name in first second; do
		served=$(grep -c "guest $(xl domid $name): served" $LOG)
		if [ $name = "$1" ]; then
			[ "$served" = 1 ]
		else
			[ "$served" = 0 ]
		fi || { cat $LOG; fail "$name is served $served times"; return; }
	done
}

# serves_only NAME OPTION...
serves_only() {
	local name=$1
	shift
	xend "$@"
	says "guest $(xl domid "$name"): served" && sleep 3 && only "$name" && ends
}

chosen() {
	with_views first && with_views second || return
	serves_only second --domain=second || return
	serves_only first --domain="$(xl domid first)" || return
	printf 'guests = [ "first" ]\n' > /run/xend/conf
	serves_only first --config=/run/xend/conf || return
	# What is named on the command line is instead of that.
	serves_only second --config=/run/xend/conf --domain=second
}

# It follows a guest's end, and the next one of that name.
follows() {
	local old
	xend --domain=first
	with_views first && says "guest $number: served" || return
	old=$number
	xl destroy first
	says "guest $old: left" && with_views first && says "guest $number: served" && ends
}

bad_configuration() {
	local status
	printf 'orphans = "perhaps"\n' > /run/xend/conf
	./chariot-xend --foreground --config=/run/xend/conf > $LOG 2>&1
	status=$?
	[ $status = 2 ] && logged 'orphans is "release" or "crash", not "perhaps"' ||
		{ cat $LOG; fail "its status is $status"; return; }
	./chariot-xend --foreground --config=/run/xend/none > $LOG 2>&1
	status=$?
	[ $status = 2 ] && logged '/run/xend/none cannot be read' ||
		{ cat $LOG; fail "its status is $status"; return; }
	./chariot-xend --foreground --max-page-rights=many > $LOG 2>&1
	status=$?
	[ $status = 2 ] && logged "'many' is no number" || { cat $LOG; fail "its status is $status"; }
}

# As an init script starts it: it goes to the background, and to the system's log.
background() {
	syslogd -O $LOG
	: > $LOG
	with_views first || return
	timeout 20 ./chariot-xend < /dev/null || { fail "its status is $?"; return; }
	says "chariot-xend\[[0-9]*\]: guest $number: served" && ends &&
		says "guest $number: left"
	killall syslogd
	[ -z "$failure" ]
}

# at_work OPTION...: the guest at work is served, and its driver has been stopped
at_work() {
	mkdir -p /run/xend/guest
	xend --verbose "$@"
	(cd /run/xend/guest && exec sh /lab/guest/command > create 2>&1) &
	WAIT=400 says ') stopped: rip' || { cat /run/xend/guest/*; return 1; }
}

# in_systemd COMMAND...
in_systemd() { nsenter -t "$(pidof systemd)" -m -p "$@"; }
is_active() { in_systemd systemctl is-active --quiet chariot-xend; }
is_failed() { in_systemd systemctl is-failed --quiet chariot-xend; }
property() { in_systemd systemctl show --value -p "$1" chariot-xend; }

# boot_systemd: the first process of a namespace of its own, as it is in a container
boot_systemd() {
	local units=/lib/systemd/system
	cp chariot-xend /usr/sbin/
	mkdir -p $units/multi-user.target.wants $units/chariot-xend.service.d /etc/chariot
	ln -sf ../chariot-xend.service $units/multi-user.target.wants/
	# The lab's host has no journal.
	printf '[Service]\nStandardError=append:%s\n' $LOG > $units/chariot-xend.service.d/log.conf
	: > $LOG
	unshare -m -p -f sh -c 'mount -t proc proc /proc && mount -t xenfs xenfs /proc/xen &&
		mount --bind /run /run &&
		exec env container=lab /lib/systemd/systemd --unit=multi-user.target --show-status=0' \
		> /run/xend/systemd 2>&1 < /dev/null &
	until_true is_active ||
		{ cat /run/xend/systemd $LOG; in_systemd systemctl status chariot-xend; dmesg | tail -n 20
		  fail "systemd does not start it"; }
}

# As its unit for systemd starts it, and again when it has died, but not if it cannot run.
unit() {
	with_views first && boot_systemd && says "guest $number: served" || return
	: > $LOG
	killall -9 chariot-xend
	says "guest $number: served" || return
	[ "$(property NRestarts)" = 1 ] || { fail "it was started $(property NRestarts) times"; return; }
	in_systemd systemctl stop chariot-xend && says "guest $number: left" ||
		{ fail "${failure:-systemd does not end it}"; return; }
	! runs || { fail "a process of it is left"; return; }
	printf 'orphans = "perhaps"\n' > /etc/chariot/xend.conf
	in_systemd systemctl start chariot-xend
	until_true is_failed || { fail "it runs with a wrong configuration"; return; }
	sleep 2
	[ "$(property NRestarts) $(property ExecMainStatus)" = "0 2" ] ||
		fail "it was started $(property NRestarts) times, its status is $(property ExecMainStatus)"
}

stops() { grep -c ') stopped: rip' $LOG; }
stops_more() { [ "$(stops)" -gt "$1" ]; }

# Not saved either, nor migrated, which begins so: its drivers would run unprotected then.
save_refused() {
	at_work || return
	if xl save guest /run/xend/image > /run/xend/save 2>&1; then
		fail "it was saved"
		return
	fi
	cat /run/xend/save
	xl dmesg | grep 'chariot: no sleep, no hibernation: .* would not be isolated' ||
		{ xl dmesg | tail -n 20; fail "the guest does not say why"; return; }
	exists guest || { fail "the guest has gone"; return; }
	WAIT=200 until_true stops_more "$(stops)" ||
		{ tail -n 20 $LOG; fail "its driver is not stopped any more"; return; }
	xl destroy guest && says 'guest [0-9]*: left' && ends
}

# The guest at work is ended, and not let run unprotected.
orphan_crash() {
	printf 'orphans = "crash"\n' > /run/xend/conf
	at_work --config=/run/xend/conf || return
	# Its process and all others, which are started again.
	killall -9 chariot-xend
	wait $pid
	exists guest || { fail "the guest has gone before it had to"; return; }
	xend --verbose --config=/run/xend/conf
	says 'it is ended (orphans="crash")' || return
	until_true not exists guest || { xl list; fail "the guest lives on"; return; }
	# Others are served as ever.
	with_views first && says "guest $number: served" && ends
}

tests=(check_host check_no_views check_ring chosen follows bad_configuration background unit
	save_refused orphan_crash)

clear_up() {
	local name
	killall -q -9 systemd chariot-xend xen-access syslogd
	rm -f /etc/chariot/xend.conf
	for name in plain first second guest; do
		! exists $name || xl destroy $name
	done
}

mkdir -p /run/xend
plan "${tests[@]}"
for name in "${tests[@]}"; do
	run_test "$name" "$name"
	clear_up > /dev/null 2>&1
done
