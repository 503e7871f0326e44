# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Watchdogs, input, video, I2C, sensors, random numbers, the balloon, ports and
# USB device controllers.

# said COMMAND...: its lines "KEY VALUE" are values
said() {
	local text key rest
	text=$("$@") || { fail "$text"; return; }
	while read -r key rest; do
		value "$key" "$rest"
	done <<< "$text"
}

work_watchdog() {
	until_true 5 test -e "/dev/$1" && said ./dog "/dev/$1" && operations 40 feeding
}

work_uinput() {
	need evdev
	said ./events inject 20 && operations 80 event
}

# Keys that QEMU presses.
work_input() {
	local text
	need evdev
	until_true 3 test -e "/dev/input/$1" || return
	value device "$(cat "/sys/class/input/$1/device/name")"
	find_monitor || return
	./events read "/dev/input/$1" 6 > /tmp/keys &
	until_true 3 grep -q ready /tmp/keys
	for key in a b c; do
		qemu "sendkey $key 20" > /dev/null
	done
	wait $!
	text=$(sed -n 's/^read //p' /tmp/keys)
	[[ $text = 6\ * ]] || { fail "of 6 events came ${text:-none}"; return; }
	value keys "$text"
	operations 6 event
}

work_video() {
	until_true 5 test -e "/dev/$1" && said ./video "/dev/$1" 8 && operations 8 frame
}

# Registers of a chip at 0x50: what is written can be read.
work_i2c() {
	local place count=0 text=''
	need i2c_dev
	until_true 3 test -e "/dev/i2c-$1" || { fail "no /dev/i2c-$1"; return; }
	i2cdetect -y "$1" 2>/dev/null | grep -q ' 50' || { value chips none; return 0; }
	for place in 0x00 0x01 0x07 0x10 0x3f 0x80 0xfe; do
		steps "i2cset -y $1 0x50 $place $(printf 0x%02x $((place ^ 0x5a)))" || return
		count=$((count + 1))
	done
	for place in 0x00 0x01 0x07 0x10 0x3f 0x80 0xfe; do
		[ $(($(i2cget -y "$1" 0x50 $place))) = $((place ^ 0x5a)) ] ||
			{ fail "register $place holds something else"; return; }
		count=$((count + 1))
	done
	steps "i2cset -y $1 0x50 0x20 0x1234 w" &&
		[ "$(i2cget -y "$1" 0x50 0x20 w)" = 0x1234 ] || { fail "a word"; return; }
	value dump "$(i2cdump -y "$1" 0x50 b 2>/dev/null | sha256sum | cut -c1-16)"
	operations $((count + 258)) transfer
}

work_hwmon() {
	local file count=0
	for file in "/sys/class/hwmon/$1"/*_input "/sys/class/hwmon/$1"/*_max; do
		[ ! -e "$file" ] || { cat "$file" > /dev/null && count=$((count + 1)); } || return
	done
	operations $count reading
}

# Random bytes: there are as many as asked for, and they differ.
work_hwrng() {
	local first second
	until_true 5 grep -q . /sys/class/misc/hw_random/rng_current || return
	sed -n 's/ .*//p' /sys/class/misc/hw_random/rng_available > /dev/null
	first=$(timeout 20 dd if=/dev/hwrng bs=512 count=4 iflag=fullblock 2>/dev/null | sha256sum)
	second=$(timeout 20 dd if=/dev/hwrng bs=512 count=4 iflag=fullblock 2>/dev/null | sha256sum)
	[ "$first" != "$second" ] || { fail "the same bytes twice"; return; }
	value bytes "$(timeout 20 dd if=/dev/hwrng bs=512 count=4 iflag=fullblock 2>/dev/null | wc -c)"
	operations 12 reading
}

free_mib() { echo $(($(sed -n 's/^MemTotal: *\([0-9]*\) .*/\1/p' /proc/meminfo) / 1024)); }

# The host takes memory, and gives it back.
work_balloon() {
	local before
	before=$(free_mib)
	qemu 'balloon 760' > /dev/null || return
	until_true 20 taken "$before" 8 || { fail "the balloon did not grow"; return; }
	value grown "$((before - $(free_mib)))"
	qemu 'balloon 768' > /dev/null
	until_true 20 given_back "$before" || { fail "the balloon did not shrink"; return; }
	operations 4096 page
}

taken() { [ $(($1 - $(free_mib))) -ge "$2" ]; }
given_back() { [ "$(free_mib)" -ge "$1" ]; }

# Ports of a serial device: QEMU's monitor answers at one.
work_vport() {
	MONITOR_PORT=
	find_monitor || return
	value answer "$(qemu 'info name' | grep -c 'info name')"
	value version "$(qemu 'info version' | grep -cE '^[0-9]+\.')"
	operations 2 command
}

# A device controller and its host: a disk is offered, and used.
work_udc() {
	local gadget=/sys/kernel/config/usb_gadget/compat disk='' status
	need libcomposite usb_f_mass_storage usb_storage sd_mod
	mountpoint -q /sys/kernel/config || mount -t configfs config /sys/kernel/config
	truncate -s 64M /dev/shm/lun
	ls /sys/block > /tmp/disks
	mkdir $gadget && echo 0x1d6b > $gadget/idVendor && echo 0x0104 > $gadget/idProduct &&
		mkdir -p $gadget/strings/0x409 $gadget/configs/c.1 $gadget/functions/mass_storage.0 &&
		echo chariot > $gadget/strings/0x409/serialnumber &&
		echo /dev/shm/lun > $gadget/functions/mass_storage.0/lun.0/file &&
		ln -s $gadget/functions/mass_storage.0 $gadget/configs/c.1 &&
		echo "$1" > $gadget/UDC || { fail "no gadget"; return; }
	until_true 25 new_disk || { fail "no disk came"; status=1; }
	if [ -z "$status" ]; then
		disk=$(ls /sys/block | comm -13 /tmp/disks - | head -n 1)
		work_block "$disk"
		status=$?
	fi
	echo > $gadget/UDC
	rm $gadget/configs/c.1/mass_storage.0
	rmdir $gadget/configs/c.1 $gadget/functions/mass_storage.0 $gadget/strings/0x409 $gadget
	until_true 5 test ! -e "/sys/block/${disk:-none}"
	rm -f /dev/shm/lun
	return $status
}

new_disk() { [ -n "$(ls /sys/block | comm -13 /tmp/disks -)" ]; }
