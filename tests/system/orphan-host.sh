#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Kills what serves the guest once it has stopped a write: the guest's process, and the
# next time all of it. Runs on the lab's host, where somebody starts it again.

LOG=/run/chariot-xend.log
PATH=$PATH:/usr/lib/xen-4.17/bin

# So many writes in all; what it has just stopped is told a moment later.
wait_for_stops() {
	until [ "$(grep -c ') stopped: rip' $LOG)" -ge "$1" ]; do
		sleep 1
	done
	sleep 3
}

guest=$(sed -n 's/.*guest \([0-9]*\): served.*/\1/p' $LOG | tail -n 1)
wait_for_stops 1
note=$(xenstore-read "/tool/chariot-xend/$guest")
kill -9 "${note%% *}"
echo "the process of guest $guest was killed"
# The second one is stopped when it is isolated anew.
wait_for_stops 3
killall -9 chariot-xend
echo "chariot-xend was killed"
sleep 20
grep -v ": rip " $LOG
