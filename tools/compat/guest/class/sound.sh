# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sound cards: periods are played and captured; what goes round a loop comes in.

# pcm CARD LETTER: the first PCM file of a card, p: to play, c: to capture
pcm() {
	local file
	for file in "/dev/snd/pcmC$1"D*"$2"; do
		[ ! -e "$file" ] || { echo "$file"; return; }
	done
}

work_sound() {
	local out in text periods=12
	until_true 5 test -e "/dev/snd/controlC$1" || { fail "no control"; return; }
	out=$(pcm "$1" p) in=$(pcm "$1" c)
	value id "$(cat "/sys/class/sound/card$1/id")"
	value pcms "$(wc -l < /proc/asound/pcm)"
	if [ -n "$out" ]; then
		text=$(./sound play "$out" $periods) || { fail "$text"; return; }
		value play "$text"
	fi
	if [ -n "$in" ]; then
		text=$(./sound capture "$in" $periods) || { fail "$text"; return; }
		value capture "$text"
	fi
	# A loop's other end is the card's second device.
	in=$(echo "${out%D*}D1c")
	if [ -n "$out" ] && [ -e "$in" ]; then
		text=$(./sound loop "$out" "$in" $periods) || { fail "$text"; return; }
		value loop "$text"
	fi
	operations $((periods * 2)) period
}
