#!/bin/sh
# From the root file system to where init opens the SSH port (inittab); what can wait comes after (rc.late).
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
# First of all: what is written to a /dev/null that is not there makes a file of that name.
[ -c /dev/null ] || /bin/busybox mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -a
echo makonis >/proc/sys/kernel/hostname
# The power button: who can come in can be asked to shut down.
for module in /lib/modules/*.ko; do insmod "$module" 2>/dev/null; done &
# What stays has a session of its own: this one hangs up when it ends.
setsid udhcpc -i eth0 -s /etc/udhcpc.script -t 40 -T 1 -A 1 -b -S </dev/null >/dev/null 2>&1
/etc/rc.instance
setsid /etc/rc.late </dev/null >/dev/null 2>&1 &
