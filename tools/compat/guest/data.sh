# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Writes 4 MiB that are the same in each run. Runs in the lab's guest.

seq 1 60000 | sha512sum > /tmp/seed
i=0
while [ $i -lt 48 ]; do
	{ cat /tmp/seed; echo $i; } | sha512sum
	i=$((i + 1))
done > /tmp/block
# 6 KiB of hexadecimal digits; each MiB of them begins with its number.
for i in 1 2 3 4; do
	{
		echo "$i"
		for _ in {1..128}; do cat /tmp/block; done
		dd if=/dev/zero bs=64k count=4 2>/dev/null
	} | head -c 1048576
done
