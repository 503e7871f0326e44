#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The lab's guest: loads chariot, runs the lab's command, reports its status.
# PID 1 of the inner machine; everything in the guest can be broken by a test.

export PATH=/usr/sbin:/usr/bin LANG=C HOME=/root TERM=vt100
/bin/busybox mkdir -p /proc /sys /dev /run /tmp /root /mnt
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t debugfs debug /sys/kernel/debug
/bin/busybox mount -t tracefs trace /sys/kernel/tracing
/bin/busybox --install -s /usr/bin 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
ln -s /proc/self/fd /dev/fd
ln -s /proc/self/fd/1 /dev/stdout
ln -s /proc/self/fd/2 /dev/stderr

# MARK (says what follows is the lab's own word), CHARIOT, INTERACTIVE, OUTPUT and
# maybe LOG (ports)
. /lab/config

# The node of a port is there a little before the port can be opened.
wait_for() {
	until (true <>"$1") 2>/dev/null; do
		usleep 10000
	done
}

finish() {
	[ -z "$LOG" ] || dmesg > "$LOG"
	echo "$MARK $*" >&3
	# Waits until all of it has gone out, a console takes its time.
	case $OUTPUT in /dev/hvc*) stty raw -echo <&3; sleep 1 ;; esac
	poweroff -f
}

case $OUTPUT in
/dev/vport*)
	modprobe -a virtio_pci virtio_console
	wait_for "$LOG"
	exec 3>"$OUTPUT" ;;
*)	exec 3<>"$OUTPUT"
	stty raw -echo <&3 ;;
esac
echo "$MARK booted" >&3
hostname guest
ip link set lo up

if [ "$CHARIOT" = 1 ]; then
	modprobe chariot 2>/tmp/modprobe ||
		finish "failed chariot.ko does not load in the guest: $(tr '\n' ' ' </tmp/modprobe)"
fi

# From here on the console shows all; before it would only cost time.
dmesg -n 8
cd /root || exit
echo "$MARK begin" >&3

if [ "$INTERACTIVE" = 1 ]; then
	setsid -c sh /lab/command </dev/hvc0 >/dev/hvc0 2>&1 3>&-
	finish "exit $?"
fi

# Through a pipe, so that the command can open its standard output again.
mkfifo /run/output
cat /run/output >&3 &
reader=$!
setsid sh /lab/command </dev/null >/run/output 2>&1 3>&-
status=$?

# What the command left running may keep the pipe open: don't wait for ever, but where the
# output is slow, for as long as it moves.
case $OUTPUT in
/dev/hvc*) tries=300 ;;
*) tries=10 ;;
esac
while [ $tries -gt 0 ] && kill -0 $reader 2>/dev/null; do
	usleep 100000
	tries=$((tries - 1))
done
finish "exit $status"
