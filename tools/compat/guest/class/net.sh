# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Network devices: ping and TCP both ways, other MTUs, the link down and up. A
# card talks to QEMU's user network; what is only software, to another name
# space of the guest.

KIB=256

# ping_all ADDRESS [NAME-SPACE]: three small and two large ones, all answered
ping_all() {
	local in=(${2:+ip netns exec "$2"})
	"${in[@]}" ping -c 3 -i 0.2 -W 5 "$1" | grep -q ' 0% packet loss' &&
		"${in[@]}" ping -c 2 -i 0.2 -s 1400 -W 5 "$1" | grep -q ' 0% packet loss' ||
		fail "ping to $1"
}

packets() {
	local in=(${2:+ip netns exec "$2"}) text
	# One reading: a name space has a /sys of its own.
	text=$("${in[@]}" ip -s link show dev "$1" | awk '/RX:|TX:/ { getline; n += $2 } END { print n }')
	echo "${text:-0}"
}

work_nic() {
	local card=$1 before
	need af_packet
	steps "ip link set $card up" "ip addr add 10.0.2.15/24 dev $card" || return
	until_true 10 grep -q 1 "/sys/class/net/$card/carrier" || { fail "no carrier"; return; }
	before=$(packets "$card")
	# The first packet may wait for QEMU's answer to ARP.
	until_true 10 ping -c 1 -W 1 10.0.2.2 > /dev/null
	ping_all 10.0.2.2 && talk tcp 10.0.2.100 7 || return
	steps "ip link set $card down" "ip link set $card mtu 1200" "ip link set $card up" || return
	until_true 10 grep -q 1 "/sys/class/net/$card/carrier"
	until_true 10 ping -c 1 -W 1 10.0.2.2 > /dev/null
	talk tcp_mtu_1200 10.0.2.100 7 || return
	steps "ip link set $card down" "ip link set $card mtu 1500" "ip link set $card up" || return
	until_true 10 grep -q 1 "/sys/class/net/$card/carrier"
	ask_card "$card" && plug "$card" || return
	until_true 10 ping -c 1 -W 1 10.0.2.2 > /dev/null
	ping_all 10.0.2.2 || return
	operations $(($(packets "$card") - before)) packet
	value errors "$(cat "/sys/class/net/$card/statistics/rx_errors")"
	ip link set "$card" down
}

# talk KEY ADDRESS PORT [NAME-SPACE]
talk() {
	local in=(${4:+ip netns exec "$4"}) text
	text=$("${in[@]}" ./stream talk "$2" "$3" $KIB) || { fail "$1: $text"; return; }
	value "$1" "$text"
}

ask_card() {
	local text
	text=$(ethtool -i "$1" 2>/dev/null | sed -n 's/^driver: //p')
	value driver "${text// /_}"
	ethtool "$1" > /dev/null 2>&1 || fail "ethtool"
	ethtool -k "$1" > /dev/null 2>&1 || fail "ethtool -k"
	# Not every card has each of these.
	ethtool -S "$1" > /dev/null 2>&1
	ethtool -g "$1" > /dev/null 2>&1
	ethtool -c "$1" > /dev/null 2>&1
	ethtool -d "$1" > /dev/null 2>&1
	ip link set "$1" promisc on && ip link set "$1" allmulticast on &&
		ip link set "$1" allmulticast off && ip link set "$1" promisc off
}

# The cable is pulled and put back, from outside.
plug() {
	local card device
	for device in $(qemu 'info network' | tr -d '\033' |
			sed -n 's/^.*\\ *\([a-z0-9]*\): .*type=user.*/\1/p' | sort -u); do
		qemu "set_link $device off" > /dev/null
	done
	card=/sys/class/net/$1/carrier
	# A card whose link can't be seen to go has none to lose.
	until_true 6 grep -q 0 "$card" && value unplugged seen
	for device in $(qemu 'info network' | tr -d '\033' |
			sed -n 's/^.*\\ *\([a-z0-9]*\): .*type=user.*/\1/p' | sort -u); do
		qemu "set_link $device on" > /dev/null
	done
	until_true 10 grep -q 1 "$card" || fail "the link does not come back"
}

# two_spaces: left and right, without anything between them; each has an echo
two_spaces() {
	mkdir -p /run/netns
	steps 'ip netns add left' 'ip netns add right' 'ip -n left link set lo up' \
		'ip -n right link set lo up'
}

# ends LEFT RIGHT: these devices are the ends of one link
ends() {
	steps "ip -n left addr add 10.1.0.1/24 dev $1" "ip -n left link set $1 up" \
		"ip -n right addr add 10.1.0.2/24 dev $2" "ip -n right link set $2 up"
}

# talk_across LEFT RIGHT: between the spaces, both ways, with another MTU too
talk_across() {
	local before servers=() text
	before=$(packets "$1" left)
	ip netns exec left ./stream echo $PORT & servers+=($!)
	ip netns exec right ./stream echo $PORT & servers+=($!)
	until_true 15 ip netns exec left ping -c 1 -W 1 10.1.0.2 > /dev/null || fail "no way across"
	usleep 300000
	ping_all 10.1.0.2 left && ping_all 10.1.0.1 right && talk tcp 10.1.0.2 $PORT left &&
		talk tcp_back 10.1.0.1 $PORT right &&
		steps "ip -n left link set $1 down" "ip -n left link set $1 mtu 1200" \
			"ip -n left link set $1 up" &&
		until_true 10 ip netns exec left ping -c 1 -W 1 10.1.0.2 > /dev/null &&
		talk tcp_mtu_1200 10.1.0.2 $PORT left &&
		operations $(($(packets "$1" left) - before)) packet
	text=$?
	ip netns exec left ethtool "$1" > /dev/null 2>&1
	ip netns exec left ethtool -k "$1" > /dev/null 2>&1
	kill "${servers[@]}" 2>/dev/null
	wait "${servers[@]}" 2>/dev/null
	return $text
}

spaces_done() {
	ip netns del left
	ip netns del right
	ip link del compat 2>/dev/null
	# Devices of a space that went go a little later.
	usleep 500000
	return 0
}

# A pair of wires between the spaces, for what needs something beneath.
wire() {
	need veth
	steps 'ip link add wire0 type veth peer name wire1' 'ip link set wire0 netns left' \
		'ip link set wire1 netns right' 'ip -n left link set wire0 up' \
		'ip -n right link set wire1 up'
}

# A kind of link that "ip link add type" makes.
work_link() {
	two_spaces || return
	case $1 in
	veth) steps 'ip link add compat0 type veth peer name compat1' \
		'ip link set compat0 netns left' 'ip link set compat1 netns right' &&
		ends compat0 compat1 && talk_across compat0 compat1 ;;
	bridge) over_bridge ;;
	dummy | ifb | nlmon) alone "$1" ;;
	vxlan | geneve | gretap | ip6gretap | gre | ipip) tunnel "$1" ;;
	*) on_top "$1" ;;
	esac || return
	spaces_done
}

over_bridge() {
	local side
	need veth
	ip link add compat type bridge && ip link set compat up || return
	for side in left right; do
		steps "ip link add out_$side type veth peer name in_$side" \
			"ip link set in_$side netns $side" "ip link set out_$side master compat" \
			"ip link set out_$side up" || return
	done
	ends in_left in_right && talk_across in_left in_right || return
	value forwarding "$(cat /sys/class/net/compat/brif/*/state | tr '\n' ' ')"
	value learnt "$([ -s /sys/class/net/compat/brforward ] && echo yes)"
}

# What sends to nobody: packets are counted.
alone() {
	steps "ip -n left link add compat0 type $1" 'ip -n left link set compat0 mtu 1400' \
		'ip -n left addr add 10.1.0.1/24 dev compat0' 'ip -n left link set compat0 up' || return
	ping_all 10.1.0.1 left || return
	ip -n left neigh add 10.1.0.2 lladdr 02:00:00:00:00:02 dev compat0 nud permanent 2>/dev/null
	# shellcheck disable=SC2016
	ip netns exec left bash -c 'for i in {1..50}; do echo $i > /dev/udp/10.1.0.2/9; done'
	until_true 5 enough_sent || { fail "only $(packets compat0 left) packets were sent"; return; }
	operations "$(packets compat0 left)" packet
	steps 'ip -n left link set compat0 down' 'ip -n left link del compat0'
}

enough_sent() { [ "$(packets compat0 left)" -ge 50 ]; }

tunnel() {
	local more=''
	wire || return
	steps 'ip -n left addr add 192.168.7.1/24 dev wire0' \
		'ip -n right addr add 192.168.7.2/24 dev wire1' || return
	case $1 in
	vxlan) more='id 7 dstport 4789 local @1 remote @2' ;;
	geneve) more='id 7 remote @2' ;;
	*) more='local @1 remote @2' ;;
	esac
	more=${more//@1/192.168.7.L} more=${more//@2/192.168.7.R}
	steps "ip -n left link add compat0 type $1 $(sed 's/L/1/g; s/R/2/g' <<< "$more")" \
		"ip -n right link add compat1 type $1 $(sed 's/L/2/g; s/R/1/g' <<< "$more")" &&
		ends compat0 compat1 && talk_across compat0 compat1 || return
	steps 'ip -n left link del compat0' 'ip -n right link del compat1'
}

# Devices that lie on another, for which a few words are tried.
on_top() {
	local way
	wire || return
	for way in "link wireN name compatN type $1 mode bridge" "link wireN name compatN type $1 id 7" \
			"link wireN name compatN type $1" "name compatN type $1 mode active-backup" \
			"name compatN type $1"; do
		ip -n left link add ${way//N/0} 2>/dev/null || continue
		ip -n right link add ${way//N/1} || return
		if [[ $way != link* ]]; then
			steps 'ip -n left link set wire0 down' 'ip -n left link set wire0 master compat0' \
				'ip -n left link set wire0 up' 'ip -n right link set wire1 down' \
				'ip -n right link set wire1 master compat1' 'ip -n right link set wire1 up'
		fi
		ends compat0 compat1 && talk_across compat0 compat1 || return
		ip -n left link del compat0 && ip -n right link del compat1
		return
	done
	fail "no way is known to make a $1"
}

work_taps() {
	local carrier status
	two_spaces || return
	mkdir -p /dev/net
	./taps > /tmp/taps &
	carrier=$!
	until_true 5 grep -q up /tmp/taps || { fail "no TAP device"; return; }
	steps 'ip link set compat0 netns left' 'ip link set compat1 netns right' &&
		ends compat0 compat1 && talk_across compat0 compat1
	status=$?
	kill $carrier
	wait $carrier 2>/dev/null
	spaces_done
	return $status
}
