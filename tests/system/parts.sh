# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For the scripts that load a module of tests, each part of which is a test: it says
# "NAME: PART" when a part begins, and FAILED of what fails. Runs in the lab's guest.

# load_parts NAME LAST FILE [PARAMETER=VALUE...]: load it; what it says goes to /tmp/said.
# LAST is a pattern of its last line, without which it did not get to its end. Wants $parts.
load_parts() {
	local name=$1
	last=$2
	mark loading
	insmod "${@:3}" > /tmp/insmod 2>&1
	status=$?
	log_since_mark > /tmp/log
	sed -n "s/^.*\\b$name: //p" /tmp/log > /tmp/said
}

# A test: one part.
part() {
	local text
	text=$(awk -v part="$1" -v parts="$(printf '|%s' "${parts[@]}")|" '
		index(parts, "|" $0 "|") { here = $0 == part; if (here) print "begin"; next }
		here' /tmp/said)
	echo "$text"
	[ -n "$text" ] || { fail "not reached"; return; }
	! grep -q FAILED <<< "$text" || fail "$(grep -m 1 FAILED <<< "$text")"
}

# A test: it went to its end, and nothing failed outside of the parts.
verdict() {
	[ "$status" = 0 ] || { fail "insmod says: $(cat /tmp/insmod)"; return; }
	grep -q "$last" /tmp/said || { fail "there is no count"; return; }
	! grep -E -m 1 "$TROUBLE" /tmp/log || fail "the kernel complained"
}
