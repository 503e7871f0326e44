#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What an isolated driver can do if it means to: docs/threat-model.md has the table that
# this script proves. Usage: nasty.sh. Runs in the lab's guest, on KVM.

mode=page
. ./lib.sh

# An act's name is also that of its function, nasty_NAME.
#   victim   what the playground arms before, or none
#   symbols  addresses that the driver is told: NAME, or chariot:NAME
#   outcome  stopped: the victim is intact, and the store is reported
#            changed: the victim is what the driver wants it to be
#            allowed: there is no victim and no report
#   result   what the driver says, see there
all_acts() {
	cat <<-'END'
	call_grant       module_data   -                           stopped 0
	call_destroy     module_data   -                           stopped 0
	call_audit       module_data   -                           stopped 0
	call_inactive    module_data   -                           stopped 0
	call_hello       module_data   -                           stopped 0
	vmfunc           module_data   -                           stopped -19
	cr0_wp           rodata_image  -                           stopped 1
	cr4              module_data   -                           stopped 1
	cr3              module_data   -                           stopped 1
	msr_lstar        module_data   -                           stopped 1
	msr_efer         module_data   -                           stopped 1
	idt              module_data   -                           stopped 1
	stack_switch     stack         -                           stopped 0
	real_kmalloc     none          __kmalloc,kfree             stopped 0
	set_memory       rodata_image  set_memory_rw,set_memory_ro stopped 0
	memremap         module_data   -                           stopped 0
	chariot_data     none          chariot:transport           stopped 0
	module           none          -                           allowed 1
	vmap             module_data   -                           changed 0
	real_memset      module_data   __memset                    changed 0
	middle           module_data   __memset                    changed 0
	chariot_call     module_data   chariot:chariot_hv_domain_control changed 0
	nothing          module_data   -                           stopped 0
	END
}

# address NAME or chariot:NAME: since 6.10 allocating functions are called _noprof
address() {
	awk -v name="${1#chariot:}" -v module="$([[ $1 = chariot:* ]] && echo '[chariot]')" \
		'($3 == name || $3 == name "_noprof") && $4 == module { print "0x" $1; exit }' /proc/kallsyms
}

# do_act NAME SYMBOLS: in a process of its own, which an oops would kill
do_act() {
	local symbol found addresses=
	for symbol in ${2//,/ }; do
		[ "$symbol" != - ] || continue
		found=$(address "$symbol")
		[ -n "$found" ] || { fail "there is no $symbol"; return; }
		addresses="$addresses $found"
	done
	sh -c "printf '%s' '$1$addresses' > /dev/nasty"
}

reports() { chariot report --json nasty | grep -c "\"function\": *\"nasty_$1+"; }

# one_act NAME VICTIM SYMBOLS OUTCOME RESULT
one_act() {
	local found result before
	before=$(reports "$1")
	arm "$2" || { fail "the playground could not arm $2"; return; }
	do_act "$1" "$3" || { fail "${failure:-it could not be done}"; return; }
	found=$(cat $PLAYGROUND/check)
	result=$(cat /sys/module/nasty/parameters/result)
	echo "$found, result $result, $(reports "$1") reports after $before"
	arm none
	clean_log || return
	[ "$result" = "$5" ] || { fail "the driver got $result"; return; }
	case $4 in
	stopped)
		[ "$2" = none ] || [ "$found" = intact ] || { fail "the victim is $found"; return; }
		[ "$(reports "$1")" -gt "$before" ] || fail "there is no report"
		;;
	changed)
		[[ $found = changed* ]] || fail "the victim is $found"
		;;
	allowed)
		[ "$(reports "$1")" = "$before" ] || fail "there is a report"
		;;
	esac
}

# Nobody tells Chariot of the stopped write: it does not happen, and the process dies.
notifier() {
	arm module_data
	do_act chariot_notifier chariot:die_nb
	[ "$(cat $PLAYGROUND/check)" = intact ] || { fail "the victim is $(cat $PLAYGROUND/check)"; return; }
	log_since_mark | grep -q 'general protection fault.*nasty\|RIP.*nasty_chariot_notifier' ||
		fail "there is no oops"
}

plan $(all_acts | cut -d' ' -f1) notifier
load_playground && load nasty || exit
while read -r act victim symbols outcome result; do
	run_test "$act" one_act "$act" "$victim" "$symbols" "$outcome" "$result"
done < <(all_acts)
run_test notifier notifier
