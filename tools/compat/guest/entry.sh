#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tries one entry: loads its modules, finds out what they registered, lets each
# class do its work, unloads. Usage: entry.sh plain|isolated|audit NAME MODULES BEFORE
# PARAMETERS. Runs in the lab's guest. Its status is 0 if the guest is fit for more.

mode=$1 name=$2
read -ra modules <<< "$3"
read -ra before <<< "$4"
read -ra parameters <<< "$5"
. ./lib.sh
. ./detect.sh
for file in class/*.sh; do
	# shellcheck disable=SC1090
	. "./$file"
done

isolated() { [ "$mode" != plain ]; }

# What becomes of forbidden writes.
stop=enforce
[ "$mode" != audit ] || stop=audit

# The name the kernel has for a module or its file.
kernel_name() {
	local text=${1##*/}
	text=${text%%.ko*}
	echo "${text//-/_}"
}

names=()
for module in "${modules[@]}"; do
	names+=("$(kernel_name "$module")")
done

loaded() { cut -d' ' -f1 /proc/modules | sort; }

# load MODULE [PARAMETER=VALUE...]
load() {
	case $mode-$1 in
	plain-*/*) insmod "$@" ;;
	plain-*) modprobe "$@" ;;
	*-*/*) chariot-insmod --mode "$stop" "$@" ;;
	*) chariot-insmod --mode "$stop" --first-time --modprobe "$@" ;;
	esac
}

load_all() {
	local last=$((${#modules[@]} - 1)) i
	for ((i = 0; i < last; i++)); do
		load "${modules[i]}" || return
	done
	load "${modules[last]}" "${parameters[@]}"
}

# Modules that are there without being used, as often as some go.
unload_rest() {
	local module gone=1
	while [ $gone = 1 ]; do
		gone=0
		for module in $(loaded | comm -13 /tmp/loaded.before -); do
			[[ " ${names[*]} " != *" $module "* ]] || continue
			! rmmod "$module" 2>/dev/null || gone=1
		done
	done
}

# An entry's modules must not be there yet: helpers of the lab's may be.
clear_the_way() {
	local i
	for ((i = ${#names[@]} - 1; i >= 0; i--)); do
		[ ! -e "/sys/module/${names[i]}/initstate" ] || modprobe -r "${names[i]}" 2>/dev/null
		[ ! -e "/sys/module/${names[i]}/initstate" ] || {
			echo "compat end skipped ${names[i]} is in use by the guest itself"
			exit 0
		}
	done
}

exits_now() {
	local text
	text=$(cat /sys/kernel/debug/chariot_bench/now 2>/dev/null) || return
	set -- $text
	while [ $# -gt 1 ]; do
		[ "$1" != vm_exits ] || echo "$2"
		shift 2
	done
}

# Rights of the idle driver, by kind.
tell_rights() {
	local driver
	for driver in "${names[@]}"; do
		chariot regions "$driver" 2>/dev/null | awk -v driver="$driver" '
			NR > 1 && $2 ~ /^[0-9]+$/ {
				kind = $3
				for (i = 4; i <= NF && $i !~ /^(write|execute|write,|-)$/; i++)
					kind = kind "_" $i
				bytes[kind] += $2; count[kind]++
			}
			END { for (k in bytes) print "compat rights", k, bytes[k], count[k], driver }'
	done
}

# Of reports that differ only in page, object and process the first.
one_of_each() {
	awk '/^[{]/ {
		match($0, /"function": *"[^"]*"/)
		key = substr($0, RSTART, RLENGTH)
		match($0, /"victim": *[{][^}]*[}]/)
		key = key substr($0, RSTART, RLENGTH)
		gsub(/(pfn 0x[0-9a-f]*( [+]0x[0-9a-f]*)?|pid [0-9]*|"start": *"[^"]*")/, "", key)
		if (!(key in seen) && ++count <= 1000)
			print "compat record", $0
		seen[key]
	}'
}

# Says what was stopped; false if anything was.
judge() {
	local driver count all=0
	isolated || return 0
	for driver in "${names[@]}"; do
		count=$(cat "$SYSFS/$driver/violations" 2>/dev/null) || {
			fail "$driver is not isolated"
			return
		}
		echo "compat violations $count"
		echo "# $driver:" $(cd "$SYSFS/$driver" && grep -s . settled untracked objects regions)
		all=$((all + count))
		[ "$count" = 0 ] ||
			chariot report --json "$driver" | one_of_each
	done
	[ $all = 0 ] || [ $stop = audit ] || fail "$all violations"
}

tidy_up() {
	local mount
	for mount in $(grep ' /mnt' /proc/mounts | cut -d' ' -f2 | sort -r); do
		umount "$mount" || umount -l "$mount"
	done 2>/dev/null
	ip netns list 2>/dev/null | while read -r space _; do ip netns del "$space"; done
	# shellcheck disable=SC2115 # all that is there
	rm -rf /mnt/*
}

unload_all() {
	local i
	for ((i = ${#names[@]} - 1; i >= 0; i--)); do
		until_true 3 rmmod "${names[i]}" 2>/dev/null || rmmod "${names[i]}" || {
			fail "${names[i]} can't be unloaded"
			return
		}
	done
	for i in "${names[@]}"; do
		[ ! -e "/sys/module/$i/initstate" ] && [ ! -e "$SYSFS/$i" ] || {
			fail "something of $i is still there"
			return
		}
	done
}

log_mark="chariot-compat: $mode $name at $(cut -d' ' -f1 /proc/uptime)"

log_since_mark() {
	dmesg | awk -v mark="$log_mark" 'found { print } index($0, mark) { found = 1 }'
}

# Some stock drivers have the kernel warn by themselves: chariot-compat compares
# what a warning is about. All else is a failure; either may have left damage.
clean_log() {
	local complaint
	complaint=$(log_since_mark | grep -v 'chariot: ' | grep -E "$TROUBLE" |
		sed 's/^\[[^]]*\] *//; s/CPU: [0-9]* PID: [0-9]* //') || return
	[ -n "$complaint" ] || return 0
	sed -n 's/^WARNING: /compat complaint /p' <<< "$complaint"
	grep -vE '^WARNING:|Call Trace' <<< "$complaint" > /tmp/complaint ||
		return
	fail "the kernel complained: $(head -n 1 /tmp/complaint)"
}

work() {
	local class thing count=0 status=0
	while read -r class thing; do
		echo "compat class $class"
		count=$((count + 1))
		"work_$class" "$thing" || { fail "$class $thing"; status=1; break; }
	done < /tmp/classes
	[ $count -gt 0 ] || fail "no class of its own: $(head -n 5 /tmp/new | tr '\n' ' ')"
	return $status
}

# When what begins: for those who read the log.
stage() {
	echo "# at $(cut -d' ' -f1 /proc/uptime): $1" \
		"$(cut -d' ' -f3- /sys/kernel/debug/chariot_bench/now 2>/dev/null)"
}

loaded > /tmp/loaded.before
stage begin
echo "$log_mark" > /dev/kmsg
clear_the_way
[ ${#before[@]} = 0 ] || for module in "${before[@]}"; do
	[[ " ${names[*]} " = *" ${module//-/_} "* ]] || modprobe "$module"
done
# What they depend on registers things, too, which are not theirs.
for module in "${modules[@]}"; do
	for file in $(modprobe -D "$module" 2>/dev/null | sed -n 's/^insmod \([^ ]*\).*/\1/p'); do
		[[ " ${names[*]} " = *" $(kernel_name "$file") "* ]] ||
			modprobe -q "$(kernel_name "$file")"
	done
done
# A disk of whatever adapter is seen only with this.
[[ " ${names[*]} " = *" sd_mod "* ]] || need sd_mod
snapshot > /tmp/before
status=0 damaged=0 exits_before=$(exits_now)
stage loading
if load_all; then
	stage detection
	detect
	exits_before=$(exits_now)
	! isolated || tell_rights
	stage work
	work || status=1
	stage judgement
	exits_after=$(exits_now)
	[ -z "$exits_after" ] || echo "compat exits $((exits_after - exits_before))"
	judge || status=1
	tidy_up
	unload_all || status=2
	stage end
else
	fail "it can't be loaded"
	judge
	status=1
	! isolated || status=2
fi
clean_log || damaged=1
unload_rest
if [ $status = 0 ] && [ -z "$failure" ]; then
	echo "compat end ok"
	exit $damaged
fi
log_since_mark | grep -v 'chariot: ' | tail -n 25
echo "compat end failed $failure"
# A wrong result leaves nothing behind; a write that was stopped may.
[ "$mode" != isolated ] && [ $status -lt 2 ] && [ $damaged = 0 ]
