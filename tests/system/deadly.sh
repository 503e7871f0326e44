#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A fault that no guest survives: the lab must say that it died.
# Usage: deadly.sh FAULT. Runs in the lab's guest.

mode=plain
. ./lib.sh

load_playground && load faulty && arm "$1" || exit
sync
echo "dies now"
sleep 1		# for the line to get out
printf '%s fileop' "$1" > /dev/faulty
sleep 5
echo "is alive: $(cat $PLAYGROUND/check)"
