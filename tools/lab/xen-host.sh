#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Xen's dom0 in the lab: what it needs before it can run a guest, and how it runs one.
# usage: xen-host start | chariot [OPTION]... | run CONFIG. Part of the host's user space.

# Where chariot-xend is, too, when somebody has put it there.
PATH=$PATH:/usr/lib/xen-4.17/bin:/root

start() {
	mkdir -p /proc/xen /run/xen /run/xenstored /run/lock /var/lib/xen /var/lib/xenstored \
		/var/log/xen /dev/pts
	ln -sfn /run /var/run
	ln -sfn /run/lock /var/lock
	mount -t devpts devpts /dev/pts
	mount -t xenfs xenfs /proc/xen
	xenstored && xen-init-dom0 && xenconsoled
}

# Started again when it dies, as systemd would.
chariot() {
	until chariot-xend --foreground --verbose "$@"; do
		:
	done > /run/chariot-xend.log 2>&1 &
}

# The domain's console is what goes to "output" in the folder.
run() {
	printf '%s\n' "$1" > config
	# Somebody has to hold the other end, or the console's program ends.
	mkfifo input
	sleep 86400 > input &
	xl create -c -q config < input > output
	# The console ends before the domain has gone.
	while xl domid guest > /dev/null 2>&1; do
		usleep 200000
	done
	kill $!
}

"$@"
