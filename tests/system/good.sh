#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the good drivers: they do all their work, and none is ever stopped.
# Usage: good.sh plain|page|byte. Runs in the lab's guest.

mode=$1
. ./lib.sh

# Its first failure ends a test.
all() {
	local step
	for step; do
		eval "$step" || { fail "${failure:-failed: $step}"; return; }
	done
}

# at_once COUNT COMMAND: several of them, and all must succeed
at_once() {
	local count=$1 status=0 pids=() i
	shift
	for ((i = 0; i < count; i++)); do
		"$@" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || status=1
	done
	return $status
}

# several ROUNDS COMMAND
several() {
	local i
	for ((i = 0; i < $1; i++)); do
		"${@:2}" || return
	done
}

work() { echo "text for $1" > "/dev/$1"; }

is() { [ "$(cat "$1")" = "$2" ] || fail "$1 holds '$(cat "$1")', not '$2'"; }

alloc() {
	all 'load good_alloc' 'work good_alloc' 'several 2 work good_alloc' \
		'at_once 3 work good_alloc' 'unload good_alloc' clean_log
}

async() {
	all 'load good_async' 'work good_async' 'several 2 work good_async' \
		'at_once 4 work good_async' 'unload good_async' clean_log
}

use_files() {
	local proc=/proc/good_files sys=/sys/kernel/good_files
	local debug=/sys/kernel/debug/good_files param=/sys/module/good_files/parameters
	local text=abcdefghijklmnopqrstuvwxyz
	echo 12 > $sys/sprintf && is $sys/sprintf 12 && is $sys/emit 'value 12' &&
		echo 13 > $sys/sprintf && is $sys/emit 'LOUD 13' &&
		[ "$(wc -c < $sys/whole)" = 4095 ] && [[ $(cat $sys/whole) = $text$text* ]] &&
		is $sys/parts $'one two three\nfour' &&
		grep -q '^opened' $proc/single && [ "$(tail -n 1 $proc/numbers)" = 999 ] &&
		echo words > $proc/text && is $proc/text words &&
		echo 7 > $debug/number && is $debug/number 7 && is $debug/twice 14 &&
		echo 40 > $debug/twice && is $debug/number 20 &&
		echo Y > $debug/flag && is $debug/flag Y && is $debug/blob 'a blob of bytes' &&
		grep -q shown $debug/single &&
		is $param/text given && is $param/list 1,2,3 && is $param/own 'own 9' &&
		echo other > $param/text && is $param/text other &&
		echo 8 > $param/own && is $param/own 'own 8'
}

files() {
	all 'load good_files text=given list=1,2,3 own=9' use_files './exercise 1 3' \
		'unload good_files' clean_log
}

# As many as there are processors, and more, are in the driver.
files_at_once() {
	all 'load good_files text=given list=1,2,3 own=9' './exercise 4 20' \
		'unload good_files' clean_log
}

reload() {
	local driver
	for driver in good_alloc good_files good_async; do
		several 3 all "load $driver" "unload $driver" || return
	done
	clean_log
}

# Fails with the driver's error, as often as one likes; then it may load.
failing_init() {
	local text
	for error in 19 12 16; do
		text=$(load good_nodev error=$error 2>&1) && { fail "it was loaded"; return; }
		gone good_nodev || return
	done
	[[ $text = *"Device or resource busy"* ]] || { fail "the error was '$text'"; return; }
	all 'load good_nodev error=0' 'unload good_nodev' clean_log
}

no_init() {
	all 'load good_noinit number=5' 'is /sys/module/good_noinit/parameters/number 5' \
		'echo 6 > /sys/module/good_noinit/parameters/number' \
		'is /sys/module/good_noinit/parameters/number 6' \
		'unload good_noinit' clean_log
}

# depend HOW_BASE HOW_USER
depend() {
	local sums=/sys/module/good_user/parameters
	all "mode=$1 load good_base" "mode=$2 load good_user" "is $sums/sum 5050" \
		"is $sums/heard 5049" '! rmmod good_base 2>/dev/null' || return
	[ "$2" = plain ] || innocent good_user || return
	[ "$1" = plain ] || innocent good_base || return
	all 'rmmod good_user good_base' 'gone good_user good_base' clean_log
}

together() {
	local drivers="good_alloc good_files good_async good_base good_user"
	all 'for driver in $drivers; do load $driver || break; done' \
		'at_once 2 work good_alloc' 'at_once 2 work good_async' './exercise 2 10' || return
	work good_async & work good_alloc & ./exercise 3 10
	wait
	all 'unload good_user good_base good_async good_files good_alloc' clean_log
}

tests=(alloc async files files_at_once reload failing_init no_init depend together)
! isolated || tests+=(depend_on_plain plain_depends)
plan "${tests[@]}"
load_playground || exit

for name in "${tests[@]}"; do
	case $name in
	depend) run_test $name depend "$mode" "$mode" ;;
	depend_on_plain) run_test $name depend plain "$mode" ;;
	plain_depends) run_test $name depend "$mode" plain ;;
	*) run_test "$name" "$name" ;;
	esac
	# What a failed test left behind must not fail the next ones.
	for left in good_user good_base good_async good_files good_alloc good_noinit good_nodev; do
		[ ! -e /sys/module/$left ] || rmmod $left 2>/dev/null
	done
done
