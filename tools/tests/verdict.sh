#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Shows logs of tests and adds up their last lines: verdict.sh LOG...
# Failures come with what was said about them; a log without an end has failed.
passed=0 failed=0 skipped=0
for log; do
	last=$(tail -n 1 "$log")
	if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
		passed=$((passed + BASH_REMATCH[1]))
		failed=$((failed + BASH_REMATCH[2]))
		skipped=$((skipped + BASH_REMATCH[3]))
		head -n -1 "$log"
	else
		cat "$log"
		echo "FAIL $log has no end: it crashed"
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
