#!/bin/sh
# What a guest does with its lease. $ip, $mask, $router come from udhcpc.
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
ip route add default via "$router"
echo "dns $dns host $hostname domain $domain mtu $mtu"
