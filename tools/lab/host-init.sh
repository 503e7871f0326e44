#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The lab's host: loads KVM and chariot's add-on, runs the guest in QEMU.
# PID 1 of the outer machine; talks to the lab by the port $CONTROL.

export PATH=/usr/sbin:/usr/bin LANG=C
/bin/busybox mkdir -p /proc /sys /dev /run /tmp
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t debugfs debug /sys/kernel/debug
/bin/busybox mount -t tracefs trace /sys/kernel/tracing
/bin/busybox --install -s /usr/bin 2>/dev/null

# MARK (says what follows is the lab's own word), MODULES, START, CHARIOT, CHARIOT_END, HOOK, SCRIPT, and the
# channels' ports: CONTROL, OUTPUT, GUEST_CONSOLE, and maybe HOST_LOG, GUEST_LOG,
# SHELL_PORT, PULSE; /lab/guest holds the guest's kernel, initrd and command.
. /lab/config

echo "<5>chariot-lab: start" > /dev/kmsg

say() {
	echo "$*" >&3
}

# Hands lines on to the lab, each with a word before it.
prefixed() {
	while read -r line || [ -n "$line" ]; do
		say "$1 $line"
	done
}

# What has no port of its own goes by the control port, each line with its name.
hand_on() {
	if [ -n "$2" ]; then
		cat > "$2"
	else
		sed "s/^/$1 /" >&3
	fi
}

# The lab ends the machine when it has seen this line on the host's console.
finish() {
	[ -n "$GUEST_LOG" ] || hand_on guest-log < /run/guest/log 2>/dev/null
	{ dmesg; cat /run/*.log; } 2>/dev/null | hand_on host-log "$HOST_LOG"
	# Waits until all of it has gone out, and the end of the guest's words, too.
	[ -n "$HOST_LOG" ] || for port in "$CONTROL" "$OUTPUT" "$GUEST_CONSOLE"; do
		stty -F "$port" raw
	done
	echo "<5>chariot-lab: end" > /dev/kmsg
	sleep 600
}

# The node of a port is there a little before the port can be opened.
wait_for() {
	until (true <>"$1") 2>/dev/null; do
		usleep 10000
	done
}

case $CONTROL in
/dev/vport*) modprobe -a virtio_pci virtio_console ;;
*)	for port in "$CONTROL" "$OUTPUT" "$GUEST_CONSOLE"; do
		stty -F "$port" raw -echo 115200
	done ;;
esac
wait_for "$CONTROL"
exec 3<>"$CONTROL"
# Interrupts of the lab's, see PULSE_SECONDS; what comes is of no matter.
[ -z "$PULSE" ] || {
	wait_for "$PULSE"
	cat "$PULSE" > /dev/null
} 3>&- &

for module in $MODULES; do
	modprobe "$module" 2>/tmp/modprobe || {
		say "failed host kernel: cannot load $module: $(tr '\n' ' ' </tmp/modprobe)"
		finish
	}
done
if [ -n "$START" ]; then
	$START > /tmp/start 2>&1 </dev/null 3>&- || {
		say "failed '$START' on the host: $(tr '\n' ' ' </tmp/start)"
		finish
	}
fi
if [ -n "$CHARIOT" ]; then
	$CHARIOT 2>/tmp/chariot </dev/null 3>&- || {
		say "failed '$CHARIOT' on the host: $(tr '\n' ' ' </tmp/chariot)"
		finish
	}
fi
[ -z "$HOST_LOG" ] || wait_for "$HOST_LOG"
ip link set lo up

# The host's script runs in the guest's place, and runs guests itself.
if [ -n "$SCRIPT" ]; then
	exec 5>"$OUTPUT"
	say guest-starts
	echo "$MARK begin" >&5
	mkdir -p /root && cd /root && sh /lab/script </dev/null >&5 2>&1 3>&- 5>&-
	echo "$MARK exit $?" >&5
	say guest-ended
	finish
fi

# The hook waits for the lab's word that the guest is up.
if [ -n "$HOOK" ]; then
	(
		read -r word <&3
		[ "$word" = guest-up ] || exit
		sh /lab/hook </dev/null 2>&1 3>&- | prefixed hook
	) &
fi

# Most of the guest's channels are the lab's own. The console comes by way of a
# file: a port costs more time for each character. So does its output where the port is
# slow: what QEMU has not handed on when the guest ends is lost.
mkdir /run/guest && cd /run/guest || finish
case $OUTPUT in
/dev/vport*)
	ln -s "$OUTPUT" output
	exec 6</dev/null 7>/dev/null ;;
*)	: > output
	exec 6<output 7>"$OUTPUT" ;;
esac
if [ -n "$GUEST_LOG" ]; then
	ln -s "$GUEST_LOG" log
else
	: > log
fi
if [ -n "$SHELL_PORT" ]; then
	ln -s "$SHELL_PORT" shell
else
	mkfifo shell
fi
: > console
exec 4<console 5>"$GUEST_CONSOLE"
relay() {
	cat <&6 >&7
	cat <&4 >&5
}
until [ -e ended ]; do
	relay
	sleep 1
done &
relaying=$!

say guest-starts
sh /lab/guest/command </dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- | prefixed qemu
: > ended
wait $relaying
relay
say guest-ended

if [ -n "$CHARIOT_END" ]; then
	$CHARIOT_END 2>/tmp/chariot ||
		say "qemu '$CHARIOT_END' failed: $(tr '\n' ' ' </tmp/chariot)"
fi
finish
