#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# From a write that is stopped to a policy that allows it: audit, learn, check,
# and enforce again; and policies that give whole pages. Usage: policy.sh. Runs in
# the lab's guest.

. ./lib.sh
mode=page

FOLDER=/etc/chariot/policy.d
POLICY=$FOLDER/policed.policy
LEARNED=/tmp/learned.policy
TIMES=3

# counted WORD WANTED ARGUMENT...: what the program says after WORD
counted() {
	local word=$1 wanted=$2 text
	shift 2
	text=$(./policed "$@") || { fail "policed $*: $text"; return; }
	text=$(sed -n "s/^$word //p" <<< "$text")
	[ "$text" = "$wanted" ] ||
		fail "policed $*: $word, $text KiB are pinned and locked, not $wanted"
}

last_report() {
	local last
	last=$(chariot report --json | tail -n 1)
	field "$last" seq
	echo "${value:-0}"
}

# reports: of the driver since it was loaded, as JSON, a line each
reports() {
	local report
	chariot report --json policed | while read -r report; do
		field "$report" seq && [ "$value" -gt "$before" ] && echo "$report"
	done
}

reports_of() { reports | grep "\"function\": *\"$1+"; }

# reported FUNCTION OUTCOME MEMBER [TIMES]: one report, and it says that
reported() {
	local reports report
	reports=$(reports_of "$1") || { fail "there is no report of $1"; return; }
	echo "$reports"
	[ "$(wc -l <<< "$reports")" = 1 ] || { fail "$1 is reported more than once"; return; }
	report=$reports
	field "$report" outcome && [ "$value" = "$2" ] ||
		{ fail "the write of $1 is '$value', not '$2'"; return; }
	[ -z "$3" ] || { field "$report" summary && [[ $value = *"$3"* ]]; } ||
		{ fail "the report's summary is '$value', without '$3'"; return; }
	[ $# -lt 4 ] || { field "$report" repeat && [ "$value" = "$4" ]; } ||
		fail "$1 was seen '$value' times, not $4"
}

# The device appears a little after the driver.
load_policed() {
	local i
	before=$(last_report)
	chariot-insmod "$@" ./policed.ko || return
	for ((i = 0; i < 50; i++)); do
		[ ! -e /dev/policed ] || return 0
		sleep 0.1
	done
	fail "there is no /dev/policed"
}

# Where nothing is isolated both counters change: what the other tests look at.
plain() {
	insmod ./policed.ko && counted mapped "4 0" map 0 && counted unmapped "0 0" map 0 &&
		counted mapped "4 4" map 1 && rmmod policed && clean_log
}

stopped() {
	load_policed && counted mapped "0 0" map 0 && counted unmapped "0 0" map 0 &&
		reported policed_mmap stopped 'struct mm_struct.pinned_vm' &&
		rmmod policed && clean_log
}

audit() {
	local i
	load_policed --mode audit || return
	for ((i = 0; i < TIMES; i++)); do
		counted mapped "4 0" map 0 && counted unmapped "0 0" map 0 || return
	done
	# Each of the two runs maps and unmaps.
	reported policed_mmap audited 'struct mm_struct.pinned_vm' $((2 * TIMES)) &&
		reported policed_close audited 'struct mm_struct.pinned_vm' $((2 * TIMES)) &&
		[ "$(reports | wc -l)" = 2 ] || fail "${failure:-more is reported}"
}

# After audit, whose driver is still there.
learn() {
	local lines
	rm -f $LEARNED
	chariot policy learn --output $LEARNED policed || return
	cat $LEARNED
	lines=$(grep -v -e '^#' -e '^$' $LEARNED)
	[[ $lines =~ ^write\ struct\ mm_struct\.pinned_vm(\.counter)?$ ]] ||
		{ fail "learned: $lines"; return; }
	# All that the kernel keeps: what was stopped before, too.
	grep -q "^# .*policed_mmap ($((2 * TIMES + 2)) times)" $LEARNED ||
		{ fail "it is not said how often policed_mmap wrote"; return; }
	! chariot policy learn --output $LEARNED policed || { fail "a file was overwritten"; return; }
	rmmod policed && clean_log
}

check() {
	local text
	chariot policy check $LEARNED || return
	cat > /tmp/wrong.policy <<-'END'
	# nothing wrong in this line
	write struct mm_strukt.pinned_vm
	write struct mm_struct.pinned_vn
	write struct mm_struct.total_vm
	END
	text=$(chariot policy check /tmp/wrong.policy 2>&1) && { fail "it was accepted"; return; }
	echo "$text"
	[[ $text = *"/tmp/wrong.policy:2: "*mm_struct* ]] &&
		[[ $text = *"/tmp/wrong.policy:3: "*pinned_vm* ]] &&
		[[ $text != *"/tmp/wrong.policy:4"* ]] || fail "it is not said what is wrong, and where"
}

# A wrong policy: no driver; in audit mode the driver and a warning.
wrong_policy() {
	local text
	mkdir -p $FOLDER && cp /tmp/wrong.policy $POLICY || return
	text=$(chariot-insmod ./policed.ko 2>&1) && { fail "it was loaded"; return; }
	echo "$text"
	[[ $text = *"$POLICY:2: "* ]] || { fail "it is not said where"; return; }
	gone policed || return
	text=$(load_policed --mode audit 2>&1) || { echo "$text"; return 1; }
	[[ $text = *"$POLICY:2: "* ]] || { fail "there is no warning"; return; }
	rmmod policed && rm $POLICY && clean_log
}

granted() {
	mkdir -p $FOLDER && cp $LEARNED $POLICY && load_policed && counted mapped "4 0" map 0 &&
		counted unmapped "0 0" map 0 && innocent policed
}

# With the driver of granted. A member's neighbour is not the member.
neighbour() {
	counted mapped "4 0" map 1 &&
		reported policed_strays stopped 'struct mm_struct.locked_vm' &&
		! reports_of policed_mmap || fail "${failure:-what the policy grants was stopped}"
}

# A process ends, and another gets its memory descriptor: the right has ended with
# the first one. What points to it is freed a little later, by RCU.
freed() {
	counted mapped "4 0" leave 0 || return
	sleep 1
	counted reused "0 0" reuse 100 &&
		reported policed_reuses stopped '' && rmmod policed && clean_log
}

# --- whole pages -------------------------------------------------------------------

# has OPENED OTHERS: what is in the bank's accounts that are open, and in how many others
has() {
	local is
	is=$(cat /sys/module/bank/parameters/accounts)
	[ "$is" = "opened $1 others $2" ] || fail "the bank says: $is, not opened $1 others $2"
}

tell() { printf '%s' "$1" > /dev/policed || fail "'$1' failed"; }

emulated() { cat $SYSFS/policed/emulated; }

# work N LEAST MOST: so many emulated writes
work() {
	local from count
	from=$(emulated)
	tell "w$1" || return
	count=$(($(emulated) - from))
	echo "account $1: $count emulated writes"
	[ $count -ge "$2" ] && [ $count -le "$3" ] || fail "$count writes were emulated"
}

whole_pages() {
	[ "$(cat $SYSFS/policed/whole_pages)" = "$1" ] ||
		fail "$(cat $SYSFS/policed/whole_pages) pages are given whole, not $1"
}

# Its bytes only, in a page with others: each write is checked.
shared() {
	rm -f $POLICY
	load_policed && tell o0 && work 0 900 1100 && has "1000 0" 0 && innocent policed &&
		whole_pages 0 && tell n0 && has "1000 0" 0 && reported policed_hits stopped "" &&
		! chariot status | grep 'whole page' && rmmod policed && clean_log
}

whole() {
	mkdir -p $FOLDER && echo 'granularity page struct account' > $POLICY &&
		chariot policy check --module-file ./policed.ko $POLICY &&
		load_policed && whole_pages 0 && tell o0 && work 0 0 0 && has "1000 0" 0 &&
		whole_pages 1 && chariot status && chariot status | grep -q '^policed: .*whole.*: account (1 page now)' &&
		tell n0 && has "1000 0" 1 && innocent policed
}

# With the driver of whole: another object in the page keeps it, the last one does not.
ended() {
	tell o1 && work 1 0 0 && tell c0 && whole_pages 1 && work 1 0 0 && has "2000 0" 1 &&
		tell c1 && whole_pages 0 && has "0 0" 1 && tell s1 && has "0 0" 1 &&
		reported policed_hits stopped "" && tell o2 && work 2 0 0 && has "1000 0" 1 &&
		whole_pages 1 && rmmod policed && rm $POLICY && clean_log
}

tests=(plain stopped audit learn check wrong_policy granted neighbour freed shared whole ended)
plan "${tests[@]}"
insmod ./bank.ko || exit
for name in "${tests[@]}"; do
	run_test "$name" "$name"
	case $name in
	audit | granted | neighbour | whole) continue ;;
	esac
	[ ! -e /sys/module/policed ] || rmmod policed
done
