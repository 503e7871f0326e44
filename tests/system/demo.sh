#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The demo's first two acts: a faulty driver, unprotected and isolated.
# Usage: demo.sh plain|page. Runs in the lab's guest; tests/demo reads its lines:
#   damage FAULT: what happened to the victim
#   report FAULT: what was reported
#   work FAULT: done, or what came instead

mode=$1
. ./lib.sh

FAULTS="memcpy cred page_cache text from_hard_irq page_table stack_end"

# fault NAME PLACE
fault() {
	local victim=$1 found report text
	case $1 in
	memcpy) victim=none ;;
	from_hard_irq) victim=module_data ;;
	esac
	arm "$victim" && echo "begin $1" || return
	printf '%-79s' "$1 $2" > /dev/faulty
	# The scheduler looks at stacks' ends once a second.
	[ "$1" != stack_end ] || sleep 2
	found=$(head -n 1 $PLAYGROUND/check)
	echo "damage $1: $found"
	isolated || return
	found=$(cat /dev/faulty)
	[[ $found = "${1^^} "* ]] && found="done"
	echo "work $1: $found"
	report=$(chariot report --json faulty | grep "\"function\": *\"faulty_$1+" | tail -n 1)
	if [ -n "$report" ]; then
		victim_text "$report" && text=$value
		field "$report" address && text="at $value: $text"
		field "$report" function && text="$value, $text"
		field "$report" outcome
		echo "report $1: $value $text"
	fi
}

load_playground && load faulty || exit
for name in $FAULTS; do
	case $name in
	from_hard_irq) fault "$name" 'hard_irq' ;;
	*) fault "$name" fileop ;;
	esac
done
arm none
! isolated || rmmod faulty
clean_log && echo "log: clean" || echo "log: $failure"
