#!/bin/sh
# Usage: inside.sh DIRECTORY SYSTEMD, as process 1 of fresh namespaces. Makes of the host's tree what systemd may have:
# all of it read-only, except the directory of temporary files, which tests share with their services.
set -eu
directory=$1 systemd=$2

# /proc is still the host's, and names us by the pid that the host knows: nsenter needs it.
read -r leader _ </proc/self/stat
echo "$leader" >"$directory/leader.part"
mv "$directory/leader.part" "$directory/leader"

temporary=$(dirname "$directory")
mount --bind "$temporary" "$temporary"
mount -t tmpfs -o mode=755 tmpfs /run
mount -o remount,bind,ro /

# systemd raises fs.file-max and fs.nr_open when it may, and those are the host's, too.
mount -t proc proc /proc
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount -t sysfs -o ro sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup

# devtmpfs is one for the whole kernel; systemd would put its links into it and take the console.
mkdir /run/dev
mount -t tmpfs -o mode=755 tmpfs /run/dev
cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /run/dev
mount --no-mtab --move /run/dev /dev

# The journal of these services only, not the messages of the host's kernel.
mkdir -p /run/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=\nRateLimitIntervalSec=0\n' >/run/systemd/journald.conf.d/test.conf

# Without a colon at its end the path is all there is: no unit of the host is started.
exec env -i PATH="$PATH" container=gateway-lock SYSTEMD_UNIT_PATH="$directory/units" \
  SYSTEMD_GENERATOR_PATH="$directory/none" SYSTEMD_ENVIRONMENT_GENERATOR_PATH="$directory/none" \
  "$systemd" --system --unit=multi-user.target --show-status=no
