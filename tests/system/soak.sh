#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Guests and chariot-kvm come, go, die and begin anew, for as long as is said, in an order
# by chance, or one kind of that many times; a line a minute tells of it.
# Usage: soak.sh PROCESSORS MINUTES|rounds|reboots|kills [SEED]. Runs on the lab's host in
# the place of a guest; its guests run host-guest.sh.

mode=host
. ./lib.sh
. ./host-lib.sh

processors=$1
what=$2
seed=${3:-$RANDOM}
RANDOM=$seed
said=0
memory=0
first=0

declare -A count
did() {
	count[$1]=$((${count[$1]:-0} + ${2:-1}))
	[ $((SECONDS / 60)) -gt $said ] || return 0
	said=$((SECONDS / 60))
	minute $said
}

# When nothing of a guest's is left.
host_memory() {
	echo 3 > /proc/sys/vm/drop_caches
	kernel_memory
}

# --- what is done ------------------------------------------------------------------

# drivers ROUNDS: they are loaded, work, are stopped, and go; the guest looks at its own
# memory
drivers() {
	local i
	start "$processors" "rounds,$1"
	for ((i = 1; i <= $1; i++)); do
		says "guest: loaded $i\$" 300 || return
		did rounds
	done
	ended 300 && did guests
}

# At whatever it is: its start, its boot, a load, the work; up to half a minute after it began.
killed() {
	start "$processors" driver
	usleep $((RANDOM * 900))
	kill_guest
	did guests && did killed
}

# rebooted TIMES
rebooted() {
	local i
	start "$processors" reboots -action reboot=reset
	for ((i = 0; i < $1; i++)); do
		: > $guest/console
		says 'guest: again' 300 || return
		did reboots
	done
	kill_guest
	did guests
}

# Two at once, and one of them dies.
beside() {
	local other
	start 1 driver
	says 'guest: round 0' 300 || return
	other=$pid
	start 1 rounds,3
	says 'guest: loaded 1' 300 || { kill -9 $other; return; }
	kill -9 $other
	wait $other 2> /dev/null
	ended 900 || return
	did rounds 3 && did guests 2 && did killed
}

jobs=('drivers 40' killed 'rebooted 5' beside)

# --- telling -------------------------------------------------------------------------

minute() {
	echo "minute $1: ${count[rounds]:-0} rounds of drivers, ${count[guests]:-0} guests," \
		"${count[killed]:-0} killed, ${count[reboots]:-0} reboots," \
		"${count[loads]:-0} loads of chariot-kvm; host: $((memory - first)) KiB more" >&6
}

# The folders of guests that are gone are memory of the host's kernel, too; whoever waits
# for the monitor of one that was killed before it had any sees its end.
tidy_up() {
	local folder
	for folder in /run/guests/*; do
		: <> "$folder/monitor.out"
		rm -rf "$folder"
	done
}

# done_well JOB...: it, and nothing is left of it, and chariot-kvm, which goes and comes; the
# host's kernel says nothing
done_well() {
	mark "$1"
	"$@" && nothing_left && did loads && clean_log || { failure="$*: $failure"; return 1; }
	tidy_up
	memory=$(host_memory)
}

by_chance() {
	local end=$((SECONDS + what * 60)) job
	echo "minute 0: the order is that of the number $seed" >&6
	while [ $SECONDS -lt $end ]; do
		read -r -a job <<< "${jobs[RANDOM % ${#jobs[@]}]}"
		done_well "${job[@]}" || return
	done
}

kills() {
	local i
	for ((i = 0; i < 200; i++)); do
		done_well killed || return
	done
}

soak() {
	local job
	# The first of each sets up what stays.
	for job in 'drivers 3' killed 'rebooted 1' beside; do
		# shellcheck disable=SC2086	# words
		done_well $job || return
		first=$memory
	done
	case $what in
	rounds) done_well drivers 1000 ;;
	reboots) done_well rebooted 200 ;;
	kills) kills ;;
	*) by_chance ;;
	esac || return
	minute $((SECONDS / 60))
	# An object of 1 KiB for each round and guest would be seen.
	[ $((memory - first)) -lt 2048 ] || fail "the host's kernel holds $((memory - first)) KiB more"
}

clear_up() { :; }

exec 6>&1
plan soak
run_tests soak
