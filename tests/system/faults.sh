#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the faulty driver's faults, each against a victim of the playground.
# Usage: faults.sh plain|page|byte. Runs in the lab's guest.
#
# plain: the driver is not isolated, and the damage must be seen.
# page, byte: it is isolated, with that heap: no damage, and the right report.

mode=$1
. ./lib.sh

# A fault's name is also the name of its function, faulty_NAME.
#   victim  what the playground arms before; - for what the driver asks for
#   plain   in a plain guest: changed, oops where the kernel is read-only, or
#           dead (left out there: deadly.sh is for it)
#   page    isolated with --heap page: stopped, or contained (it hits memory of
#           the driver's own, which nobody reports)
#   byte    the same with --heap byte
#   kind    what a report calls the victim, _ for a space
#   text    and what it says of it, a regular expression, likewise
all_faults() {
	cat <<-'END'
	kernel_data         kernel_data        changed stopped   stopped kernel_data              init_uts_ns
	module_data         module_data        changed stopped   stopped another_module's_memory  playground
	task                task               changed stopped   stopped slab_object              task_struct.*playground
	cred                cred               changed stopped   stopped slab_object              cred.*playground
	slab                slab               changed stopped   stopped slab_object              kmalloc-256
	stack               stack              changed stopped   stopped another_task's_stack     playground
	percpu              percpu             changed stopped   stopped per-CPU_data             .
	vmalloc             vmalloc            changed stopped   stopped vmalloc_memory           .
	page_cache          page_cache         changed stopped   stopped page_cache               inode
	free_page           free_page          changed stopped   stopped free_page                .
	driver_heap         driver_heap        changed stopped   stopped another_isolated_driver's_memory bystander
	driver_text         driver_text        changed stopped   stopped another_isolated_driver's_memory bystander
	text                text               changed stopped   stopped kernel_text              .
	rodata              rodata             changed stopped   stopped kernel_read-only_data    linux_banner
	page_table          page_table         changed stopped   stopped page_table               .
	stack_end           stack_end          dead    stopped   stopped another_task's_stack     playground
	store1              module_data        changed stopped   stopped another_module's_memory  playground
	store2              module_data        changed stopped   stopped another_module's_memory  playground
	store4              module_data        changed stopped   stopped another_module's_memory  playground
	store8              module_data        changed stopped   stopped another_module's_memory  playground
	store_imm           module_data        changed stopped   stopped another_module's_memory  playground
	unaligned           module_data        changed stopped   stopped another_module's_memory  playground
	crossing            module_data_border changed stopped   stopped another_module's_memory  playground
	add                 module_data        changed stopped   stopped another_module's_memory  playground
	or_byte             module_data        changed stopped   stopped another_module's_memory  playground
	locked_inc          module_data        changed stopped   stopped another_module's_memory  playground
	locked_xadd         module_data        changed stopped   stopped another_module's_memory  playground
	locked_bts          module_data        changed stopped   stopped another_module's_memory  playground
	xchg                module_data        changed stopped   stopped another_module's_memory  playground
	cmpxchg             module_data        changed stopped   stopped another_module's_memory  playground
	cmpxchg16           module_data        changed stopped   stopped another_module's_memory  playground
	rep_stosb           module_data        changed stopped   stopped another_module's_memory  playground
	rep_stosq           module_data        changed stopped   stopped another_module's_memory  playground
	rep_movsb           module_data        changed stopped   stopped another_module's_memory  playground
	movsq               module_data        changed stopped   stopped another_module's_memory  playground
	movnti              module_data        changed stopped   stopped another_module's_memory  playground
	sse                 module_data        changed stopped   stopped another_module's_memory  playground
	sse_aligned         module_data        changed stopped   stopped another_module's_memory  playground
	fxsave              module_data        changed stopped   stopped another_module's_memory  playground
	overflow            -                  changed contained stopped the_driver's_own_memory  .
	underflow           -                  changed contained stopped the_driver's_own_memory  .
	use_after_free      -                  changed contained stopped the_driver's_own_memory  .
	page_overflow       -                  changed stopped   stopped allocated_page           .
	page_straddle       -                  changed stopped   stopped allocated_page           .
	large_overflow      -                  changed stopped   stopped allocated_page           .
	page_use_after_free -                  changed stopped   stopped allocated_page           .
	shared_slab         -                  changed stopped   stopped slab_object              filp
	memset              -                  changed stopped   stopped allocated_page           .
	memcpy              -                  changed stopped   stopped allocated_page           .
	memmove             -                  changed stopped   stopped allocated_page           .
	strcpy              -                  changed stopped   stopped allocated_page           .
	snprintf            -                  changed stopped   stopped allocated_page           .
	sprintf             -                  changed stopped   stopped allocated_page           .
	copy_from_user      -                  changed stopped   stopped allocated_page           .
	copy_from_user_inline -                  changed stopped   stopped allocated_page           .
	copy_from_user_nocache -                  changed stopped   stopped allocated_page           .
	nla_memcpy          -                  changed stopped   stopped allocated_page           .
	END
	# The kernel maps its text and constants read-only, in its image and in the
	# direct map, but a driver's view has others of both (directmap.c).
	cat <<-'END'
	text_direct         text_direct        oops    stopped   stopped kernel_text              .
	rodata_direct       rodata_direct      oops    stopped   stopped kernel_read-only_data    linux_banner
	text_image          text_image         oops    stopped   stopped kernel_text              .
	rodata_image        rodata_image       oops    stopped   stopped kernel_read-only_data    linux_banner
	END
}

# They come last, for a guest that does not get through them.
hardest_faults() {
	cat <<-'END'
	page_directory      page_directory     dead    stopped   stopped page_table               .
	use_after_free_link -                  changed contained stopped the_driver's_own_memory  .
	page_table_used     page_table_used    changed stopped   stopped page_table               .
	page_table_image    page_table_image   changed stopped   stopped page_table               .
	page_table_self     page_table_self    changed stopped   stopped page_table               .
	page_table_top      page_table_top     changed stopped   stopped page_table               .
	END
}

# Those of a list that this guest can survive.
survivable() {
	if isolated; then
		"$1"
	else
		"$1" | grep -v ' dead '
	fi
}

# The same fault from everywhere, by functions that are named after the place.
places() {
	local place
	for place in init fileop timer hrtimer tasklet work kthread hard_irq threaded_irq \
		notifier; do
		echo "from_$place"
	done
	[ "$(processors)" -lt 2 ] ||
		for place in fileop timer work kthread hard_irq; do
			echo "from_${place}_on_cpu1"
		done
}

# run_fault FAULT: in a process of its own, which an oops would kill
run_fault() {
	local place=fileop cpu=0
	case $1 in
	from_*_on_cpu1) place=${1#from_} place=${place%_on_cpu1} cpu=1 ;;
	from_*) place=${1#from_} ;;
	esac
	[ "$1" != shared_slab ] || { from_any_file "$1"; return; }
	case $place in
	init)
		rmmod faulty && load faulty "fault=$1"
		;;
	fileop)
		# One write, longer than what copy_from_user copies too much of.
		taskset -c $cpu sh -c "printf '%-79s' '$1 fileop' > /dev/faulty"
		;;
	*)
		sh -c "printf '%s' '$1 $place $cpu' > /dev/faulty"
		;;
	esac
}

# The file that writes must have the playground's next to it: try another.
from_any_file() {
	local fd fds=() status=1
	while [ ${#fds[@]} -lt 30 ] && [ $status != 0 ]; do
		exec {fd}> /dev/faulty || return
		fds+=("$fd")
		# shellcheck disable=SC2261 # >& is a descriptor's number here
		printf '%s fileop' "$1" >&"$fd" 2>/dev/null && status=0
	done
	for fd in "${fds[@]}"; do
		exec {fd}>&-
	done
	return $status
}

# Where a fault runs, in a report's words.
context_of() {
	case $1 in
	*hard_irq* | *hrtimer*) echo hardirq ;;
	*timer* | *tasklet*) echo softirq ;;
	*) echo task ;;
	esac
}

# equal REPORT KEY WANTED
equal() {
	field "$1" "$2"
	[ "$value" = "$3" ] || fail "the report's $2 is '$value', not '$3'"
}

# find_report FAULT: into $report
find_report() {
	report=$(chariot report --json faulty | grep "\"function\": *\"faulty_$1+" | tail -n 1)
	[ -n "$report" ]
}

# report_is_right FAULT KIND TEXT
report_is_right() {
	local report hit
	find_report "$1" || { fail "there is no report of faulty_$1"; return; }
	echo "$report"
	printf -v hit '0x%x' "$(< /sys/module/faulty/parameters/hit)"
	equal "$report" driver faulty && equal "$report" outcome stopped &&
		equal "$report" address "$hit" && equal "$report" kind "${2//_/ }" &&
		equal "$report" context "$(context_of "$1")" || return
	victim_text "$report"
	[[ $value =~ ${3//_/[_ ]} ]] || { fail "the report's victim is '$value', not '$3'"; return; }
	case $1 in
	*_on_cpu1) equal "$report" cpu 1 ;;
	memset | memcpy | memmove | strcpy | snprintf | sprintf | copy_from_user* | nla_memcpy)
		field "$report" called
		[[ $value = *${1%_inline}* ]] || fail "the report says that '$value' was called" ;;
	esac
}

# as_expected EXPECTATION FAULT KIND TEXT: looks at victim, log and report
as_expected() {
	local found report
	found=$(cat $PLAYGROUND/check)
	echo "$found"
	case $1 in
	changed)
		[[ $found = changed* ]] || fail "the victim is $found"
		;;
	oops)
		[ "$found" = intact ] || { fail "the victim is $found"; return; }
		log_since_mark | grep -q 'unable to handle page fault' || fail "no oops"
		;;
	contained)
		[ "$found" = intact ] || { fail "the victim is $found"; return; }
		clean_log || return
		! find_report "$2" || fail "it was reported"
		;;
	stopped)
		[ "$found" = intact ] || { fail "the victim is $found"; return; }
		clean_log && report_is_right "$2" "$3" "$4"
		;;
	esac
}

# The driver does its good work, too.
capitals() {
	local found
	found=$(cat /dev/faulty)
	[[ $found = "${1^^} "* ]] || [ "$1" = from_init ] || fail "the driver reads '$found'"
}

# one_fault EXPECTATION FAULT VICTIM KIND TEXT
one_fault() {
	local victim=$3 status=0
	[ "$victim" != - ] || victim=none
	arm "$victim" || { fail "the playground could not arm $victim"; return; }
	run_fault "$2" || [ "$1" = oops ] || fail "the fault could not be run" || return
	as_expected "$1" "$2" "$4" "$5" || status=1
	[ "$1" = oops ] || capitals "$2" || status=1
	arm none
	return $status
}

# Where all slab caches are checked and apart, damage to the driver's own is told by the
# allocator itself, at once or when its cache goes, and no slab is shared.
checked_slabs() { [ "$(cat /sys/kernel/slab/kmalloc-64/red_zone 2> /dev/null)" = 1 ]; }

# Who looks at a free page is told so, and it is not free for long.
watched_pages() { grep -q ' kasan_report$' /proc/kallsyms; }

run_list() {
	local fault victim plain page byte kind text
	while read -r fault victim plain page byte kind text; do
		if [[ $fault = @(overflow|underflow|use_after_free|shared_slab) && $mode = page ]] && checked_slabs; then
			skip "$fault" "the kernel checks its slabs itself"
			continue
		elif [[ $fault = free_page ]] && watched_pages; then
			skip "$fault" "the kernel lets nobody look at a free page"
			continue
		fi
		run_test "$fault" one_fault "${!mode}" "$fault" "$victim" "$kind" "$text"
	done < <(survivable "$1")
}

plan $(survivable all_faults | cut -d' ' -f1) $(places) \
	$(survivable hardest_faults | cut -d' ' -f1)
# The other driver comes later: a view has to learn of it.
load_playground && load faulty && load bystander || exit

run_list all_faults
expected=stopped
isolated || expected=changed
for fault in $(places); do
	run_test "$fault" one_fault $expected "$fault" module_data \
		"another_module's_memory" playground
done
run_list hardest_faults
