# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Finds out what modules registered: by what is there after they were loaded and
# was not before. Runs in the lab's guest.

# Seconds for devices to appear.
DETECT_SECONDS=12

# All things that modules register, a line each.
snapshot() {
	local path
	{
		for path in /sys/block/* /sys/class/*/* /sys/bus/*/drivers/* /sys/bus/*/devices/* \
				/sys/bus/virtio/drivers/*/virtio* /sys/devices/virtual/block/md*; do
			[ -e "$path" ] && echo "${path#/sys/}"
		done
		sed 's/^nodev\t/fs_nodev /; s/^\t/fs /' /proc/filesystems
		[ ! -e /proc/mdstat ] || sed -n 's/^Personalities : //p' /proc/mdstat | tr ' ' '\n' |
			sed -n 's/\[\(.*\)\]/md \1/p'
		[ ! -e /sys/class/misc/device-mapper ] ||
			dmsetup targets 2>/dev/null | sed -n 's/^\([^ ]*\) .*/dm \1/p'
	} | sort -u
}

# classes: lines "CLASS THING" for the new things that a script of class/ can work with
classes() {
	local line kind name thing
	while read -r line; do
		thing=${line##*/}
		case $line in
		block/*) [[ $thing = dm-* || $thing = md* ]] || echo "block $thing" ;;
		class/net/*) [ ! -e "/sys/class/net/$thing/device" ] || echo "nic $thing" ;;
		class/sound/card*) echo "sound ${thing#card}" ;;
		class/watchdog/*) echo "watchdog $thing" ;;
		class/video4linux/video*) echo "video $thing" ;;
		class/udc/*) echo "udc $thing" ;;
		class/misc/tun) echo "taps $thing" ;;
		class/misc/uinput) echo "uinput $thing" ;;
		class/input/event*) echo "input $thing" ;;
		class/i2c-adapter/i2c-*) echo "i2c ${thing#i2c-}" ;;
		class/hwmon/*) echo "hwmon $thing" ;;
		bus/i2c/devices/i2c-*) echo "i2c ${thing#i2c-}" ;;
		bus/virtio/drivers/*/virtio*)
			case $(cat "/sys/bus/virtio/devices/$thing/device") in
			0x0003) echo "vport $thing" ;;
			0x0004) echo "hwrng $thing" ;;
			0x0005) echo "balloon $thing" ;;
			esac ;;
		'fs '*) [ -z "$(maker "${line#fs }")" ] || echo "fs_disk ${line#fs }" ;;
		'fs_nodev '*) echo "fs_nodev ${line#fs_nodev }" ;;
		'dm '*) echo "$line" ;;
		'md '*) echo "$line" ;;
		esac
	done < /tmp/new
	for name in "${modules[@]}"; do
		for kind in $(modinfo -F alias "$name" 2>/dev/null | sed -n 's/^rtnl-link-//p'); do
			echo "link $kind"
		done
	done
}

# Into /tmp/new what is new, and into /tmp/classes what can be done with it. A
# device may take its time, and its disk even more.
detect() {
	local left=$((DETECT_SECONDS * 2)) seen='' now quiet=0
	while [ $((left--)) -gt 0 ]; do
		snapshot | comm -13 /tmp/before - > /tmp/new
		now=$(< /tmp/new)
		classes | sort -u | one_each > /tmp/classes
		quiet=$((quiet + 1))
		[ "$now" = "$seen" ] || quiet=0
		seen=$now
		[ ! -s /tmp/classes ] || [ $quiet -lt 2 ] || break
		usleep 400000
	done
	sed 's/^/# new: /' /tmp/new
}

# Of devices the first; of file systems, targets and kinds each.
one_each() {
	awk '{ key = $1 ~ /^(fs_|dm|md|link)/ ? $0 : $1 } !(key in seen) { seen[key]; print }'
}
