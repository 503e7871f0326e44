#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the host does to guests and to chariot-kvm while drivers are isolated.
# Usage: host.sh. Runs on the lab's host in the place of a guest; its guests run
# host-guest.sh.

mode=host
. ./lib.sh
. ./host-lib.sh

# --- tests -----------------------------------------------------------------------

in_use() {
	local entries
	start 1 probe,hold=4
	says 'probe: holds 0' || return
	! unload_module || { fail "it was removed"; return; }
	grep -q 'in use' /tmp/rmmod || { fail "rmmod says $(cat /tmp/rmmod)"; return; }
	entries=$(stat_of entries)
	says 'probe: holds 2' || return
	[ "$(stat_of entries)" -gt "$entries" ] || { fail "the driver is not entered any more"; return; }
	ended && nothing_left
}

# It can be removed under a guest without domains, which finds it again later.
comes_and_goes() {
	local refused=0 removed=0 met
	start "$processors" probe,hellos=1500
	until_true 60 not no_folder || { fail "the guest does not say hello"; return; }
	while running && [ $removed -lt 40 ]; do
		if unload_module; then
			removed=$((removed + 1))
			usleep 20000
			load_module || { fail "it does not load again"; return; }
		else
			refused=$((refused + 1))
		fi
		usleep 20000
	done
	echo "removed $removed times, refused $refused times"
	ended 120 || return
	met=$(console | sed -n 's/.*met the backend \([0-9]*\) times.*/\1/p')
	if [ $removed -lt 3 ] || [ "${met:-0}" -lt 3 ]; then
		fail "removed $removed times, refused $refused times, met ${met:-0} times"
		return
	fi
	nothing_left
}

# Kill QEMU while a stopped write has not been told, and processors are in a view.
kill_when_stopped() {
	local seen before tries
	# On a busy machine it is told before we come to kill: then the next one.
	for tries in 1 2 3 4 5 6 7 8 9 10; do
		until_true 60 untold || { console | tail -n 20; fail "nothing is stopped"; return; }
		before=$(told)
		[ "$before" -ge "$seen" ] || break
	done
	kill_guest
	echo "stopped $seen, told before $before, after $(told)"
	until_true 10 no_folder || { fail "left in debugfs: $(ls $DEBUG)"; return; }
	[ "$before" -lt "$seen" ] || { fail "the kill came too late to show anything"; return; }
	[ "$(told)" -ge "$seen" ] || fail "told $(told) of $seen stopped writes"
}

# Not a write that the guest is about to settle, which is then not counted any more.
untold() {
	seen=$(stat_of violations 2>/dev/null) && usleep 100000 &&
		[ "$(stat_of violations 2>/dev/null)" = "$seen" ] && [ "$seen" -gt "$(told)" ] 2>/dev/null
}

kill_probe() {
	local round
	for round in 1 2; do
		start "$processors" probe,hold=1000
		says "probe: holds $round" && kill_when_stopped && nothing_left || return
	done
}

kill_driver() {
	start "$processors" driver
	says 'guest: round 1' && kill_when_stopped && nothing_left
}

# What the guest finds that its driver may do is no violation for the host.
settled() {
	start "$processors" good
	says 'guest: good, settled [1-9]' || return
	console | grep 'guest: good'
	sleep 2
	[ "$(stat_of violations)" = 0 ] || { fail "the host counts $(stat_of violations) violations"; return; }
	! dmesg | grep "chariot-kvm: guest of process $pid" || { fail "the host was told"; return; }
	kill_guest
	nothing_left
}

# A guest that is reset begins anew; its firmware runs with the old guest's views.
reset() {
	start "$processors" probe,hold=3 -action reboot=reset
	says 'probe: holds 1' || return
	: > $guest/console
	monitor system_reset
	says 'probe: domain' && ended && nothing_left
}

domains() { awk 'END { print NR - 1 }' $DEBUG/$pid-*/domains; }

# Its drivers' views are not the next kernel's.
kexec() {
	start "$processors" kexec -m 512 -drive file=/lab/guest/vmlinuz,if=virtio,format=raw,readonly=on \
		-drive file=/lab/guest/initrd,if=virtio,format=raw,readonly=on
	says 'guest: boots another kernel' 120 || return
	[ "$(domains)" = 3 ] || { fail "there are $(domains) domains before"; return; }
	says 'guest: the other kernel' 120 || return
	[ "$(domains)" = 0 ] || { fail "there are $(domains) domains left"; return; }
	ended && nothing_left
}

# KiB of the host's kernel that guests are charged for
held() { awk '$1 == "kernel" { print int($2 / 1024) }' $GROUP/memory.stat; }

memory_group() { mkdir -p $GROUP && echo +memory > /sys/fs/cgroup/cgroup.subtree_control; }

# What a guest costs goes by how much memory it has, not by where it puts it.
far_memory() {
	local before
	memory_group || return
	start 1 far -object memory-backend-ram,id=far,size=4M,share=on -device ivshmem-plain,memdev=far
	says 'guest: far' || return
	asks 'info mtree -f' '0000006000000000-00000060003fffff .*ram' ||
		{ tail -n 30 $guest/answers; fail "the memory is not there"; return; }
	before=$(held)
	says 'guest: connected' || return
	echo "$(($(held) - before)) KiB"
	[ $(($(held) - before)) -lt 1024 ] || { fail "it costs $(($(held) - before)) KiB"; return; }
	ended && nothing_left
}

# A guest that goes on under a backend that does not know it tells so, also if no call that
# it makes by itself shows it.
snapshot() {
	start "$processors" driver
	says 'guest: round 3' 120 || return
	monitor migrate_set_parameter max-bandwidth 10G
	monitor "migrate -d \"exec:cat > /run/snapshot\""
	until_true 60 asks 'info migrate' 'status: completed' ||
		{ cat $guest/answers; fail "there is no snapshot"; return; }
	kill_guest
	nothing_left || return
	start "$processors" driver -incoming "exec:cat /run/snapshot"
	says 'chariot: .* 3 drivers are isolated anew' 60 && says 'guest: round' &&
		until_true 60 stops_now || { console | tail -n 20; fail "nothing is stopped"; return; }
	! console | grep -E 'BUG:|WARNING:|Oops|Call Trace' || { fail "the kernel complains"; return; }
	running || { fail "the guest has ended"; return; }
	kill_guest
	rm /run/snapshot
	nothing_left
}

stops_now() { [ "$(stat_of violations 2>/dev/null || echo 0)" -gt 1 ]; }

# --- the host's log --------------------------------------------------------------

told_some() { [ "$(told)" -ge 2 ]; }

# A guest that brings about as many lines as it can does not keep another one's out.
heard() {
	local flooding
	start 1 probe,flood=300
	says 'probe: floods' && until_true 60 flooded || return
	flooding=$pid
	start 1 probe,hold=100
	says 'probe: holds 0' 150 || return
	until_true 20 told_some || { fail "told $(told) of $(stat_of violations) stopped writes"; return; }
	kill_guest
	pid=$flooding
	running || { fail "the flood was over"; return; }
	kill_guest
	nothing_left
}

flooded() { [ "$(stat_of violations 2>/dev/null || echo 0)" -gt $(($(told) + 200)) ] 2>/dev/null; }

# --- KVM's own life: one guest repeats the tests meanwhile ---------------------------

vmstat() { awk -v name="$1" '$1 == name { print $2 }' /proc/vmstat; }
rounds() { console | grep -c 'probe: round '; }
rounds_above() { [ "$(rounds)" -gt "$1" ]; }

# Rounds go on from here on, and none fails.
unharmed() {
	local before
	running || { fail "there is no guest"; return; }
	before=$(rounds)
	if ! until_true 60 rounds_above $((before + 1)); then
		console | tail -n 20
		fail "the guest does not go on"
		return
	fi
	! console | grep -m 3 FAILED || fail "a test failed in the guest"
}

grown() { [ "$(vmstat "$1")" -gt "$2" ]; }
all_grown() { [ "$(vmstat "$1")" -gt "$2" ] && [ "$(vmstat "$3")" -gt "$4" ]; }

life_begins() {
	memory_group || return
	start "$processors" probe-slots,rounds=50,fuzz=100,torture=100000 -m 320,slots=4,maxmem=1G
	says 'probe: round 1,' 120
}

slot_changes() { awk '$1 == "slots" { print $2 }' /sys/kernel/tracing/kprobe_profile; }

memslots() {
	local before
	echo 'p:lab/slots __kvm_set_memory_region' > /sys/kernel/tracing/kprobe_events &&
		echo 1 > /sys/kernel/tracing/events/lab/slots/enable || return
	before=$(slot_changes)
	monitor object_add memory-backend-ram,id=more,size=128M
	monitor device_add pc-dimm,id=dimm,memdev=more
	unharmed || return
	echo "$(slot_changes) changes"
	asks 'info memory_size_summary' 'plugged memory: 134217728' || { fail "no memory was added"; return; }
	[ "$(slot_changes)" -gt $((before + 5)) ] || { fail "the slots do not change"; return; }
	echo 0 > /sys/kernel/tracing/events/lab/slots/enable
	echo > /sys/kernel/tracing/kprobe_events
}

dirty_logging() {
	# So slow that it does not end by itself.
	monitor migrate_set_parameter max-bandwidth 1M
	monitor 'migrate -d "exec:cat > /dev/null"'
	unharmed || return
	asks 'info migrate' 'status: active' ||
		{ cat $guest/answers; fail "no migration is under way"; return; }
	monitor migrate_cancel
	until_true 10 asks 'info migrate' cancelled || { fail "the migration does not end"; return; }
	unharmed
}

# To the end, after which the guest stands still until it is told to go on.
migration() {
	monitor migrate_set_parameter max-bandwidth 10G
	monitor migrate_set_parameter downtime-limit 2000
	monitor 'migrate -d "exec:cat > /dev/null"'
	until_true 60 asks 'info migrate' 'status: completed' &&
		grep -q 'dirty sync count: [2-9]' $guest/answers ||
		{ cat $guest/answers; fail "the migration does not end"; return; }
	monitor cont
	unharmed
}

ksm() {
	local sys=/sys/kernel/mm/ksm
	echo 5000 > $sys/pages_to_scan && echo 10 > $sys/sleep_millisecs && echo 1 > $sys/run || return
	until_true 60 shared_above 1000 ||
		{ fail "only $(cat $sys/pages_sharing) pages are shared"; return; }
	unharmed || return
	echo 2 > $sys/run
	unharmed || return
	echo 0 > $sys/run
}

shared_above() { [ "$(cat /sys/kernel/mm/ksm/pages_sharing)" -gt "$1" ]; }

huge_pages() {
	local sys=/sys/kernel/mm/transparent_hugepage made split
	made=$(vmstat thp_collapse_alloc)
	split=$(vmstat thp_split_page)
	echo always > $sys/enabled && echo 10 > $sys/khugepaged/scan_sleep_millisecs &&
		echo 4096 > $sys/khugepaged/pages_to_scan || return
	unharmed && until_true 30 grown thp_collapse_alloc "$made" || { fail "${failure:-no huge page was made}"; return; }
	echo 1 > /sys/kernel/debug/split_huge_pages
	unharmed || return
	grown thp_split_page "$split" || { fail "no huge page was split"; return; }
	echo never > $sys/enabled
}

compaction() {
	local moved i
	moved=$(vmstat pgmigrate_success)
	for i in 1 2 3 4 5; do
		echo 1 > /proc/sys/vm/compact_memory
		echo 3 > /proc/sys/vm/drop_caches
	done
	unharmed || return
	grown pgmigrate_success "$moved" || fail "no page was moved"
}

# The guest's memory goes to a compressed swap device and comes back.
swap() {
	local out in i
	out=$(vmstat pswpout)
	in=$(vmstat pswpin)
	modprobe zram && echo 300M > /sys/block/zram0/disksize && mkswap /dev/zram0 > /dev/null &&
		swapon /dev/zram0 || { fail "there is no swap device"; return; }
	for i in 1 2 3 4; do
		# An error only says that it was not all.
		timeout 10 sh -c "echo 40M > $GROUP/memory.reclaim" 2> /dev/null
		echo "reclaim: status $?, $(($(vmstat pswpout) - out)) pages went"
		unharmed || return
	done
	echo "$(($(vmstat pswpout) - out)) pages went, $(($(vmstat pswpin) - in)) came back"
	# What the guest uses comes back at once, the rest by swapoff.
	all_grown pswpout $((out + 1000)) pswpin $((in + 10)) || { fail "too little was swapped"; return; }
	swapoff /dev/zram0 && unharmed
}

life_ends() {
	! console | grep -m 3 FAILED || { fail "a test failed in the guest"; return; }
	kill_guest
	nothing_left
}

# --- limits ------------------------------------------------------------------------

output_has() {
	grep -q "$1" $guest/output || { cat $guest/output; fail "chariot-insmod does not say '$1'"; }
}

not_allowed() {
	nothing_left allow=none || return
	start 1 refuses
	ended && output_has "administrator does not let this guest" || return
	# A user who is not on the list.
	echo 1000 > $PARAMETERS/allow
	start 1 refuses
	ended && output_has "administrator does not let this guest" && nothing_left
}

allowed() {
	nothing_left "allow=5,0" || return
	start 1 isolates
	ended && nothing_left
}

# Enough for the pages of thunks and gates, and not for a driver.
# What all views execute takes nearly all of them.
too_many_rights() {
	nothing_left max_page_rights=59 || return
	start 1 refuses
	ended && output_has 'cannot be isolated (-28)' || return
	# With more of them the next guest has enough.
	echo 1000000 > $PARAMETERS/max_page_rights
	start 1 isolates
	ended && nothing_left
}

life=(life_begins memslots dirty_logging migration ksm huge_pages compaction swap life_ends)
tests=(in_use comes_and_goes kill_probe kill_driver settled heard reset far_memory kexec snapshot "${life[@]}"
	not_allowed allowed too_many_rights)

# The guest of these lives on.
clear_up() {
	[[ $1 = life_ends || " ${life[*]} " != *" $1 "* ]] || return
	! running || kill_guest
	loaded || load_module
	nothing_left > /dev/null
}

processors=${1:-1}
[ $# -lt 2 ] || tests=("${@:2}")
plan "${tests[@]}"
run_tests "${tests[@]}"
