#!/bin/sh
# From the root file system to where init opens the SSH port (inittab); what can wait comes after.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
# First of all: what is written to a /dev/null that is not there makes a file of that name.
[ -c /dev/null ] || /bin/busybox mount -t devtmpfs dev /dev
# What is there already stays.
[ -e /bin/ls ] || /bin/busybox --install -s /bin 2>/dev/null
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620 devpts /dev/pts
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs -o mode=1777 shm /dev/shm
hostname makonis
ip link set lo up
# The network comes up while the rest goes on. What stays has a session of its own: this one hangs up when it ends.
setsid udhcpc -i eth0 -s /etc/udhcpc.script -t 40 -T 1 -A 1 -b -S </dev/null >/dev/null 2>&1 &
network=$!
setsid /etc/rc.modules </dev/null >/dev/null 2>&1 &
wait $network
/etc/rc.instance
setsid /etc/rc.late </dev/null >/dev/null 2>&1 &
