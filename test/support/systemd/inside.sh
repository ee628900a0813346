#!/bin/sh
# Usage: inside.sh DIRECTORY SYSTEMD
# Runs as process 1 in new namespaces and becomes systemd. Mounts the host's files read-only, except
# for the directory of temporary files, which tests share with their services.
set -eu
directory=$1 systemd=$2

# /proc is still the host's, so it contains the pid of this process on the host, which nsenter
# needs.
read -r leader _ </proc/self/stat
echo "$leader" >"$directory/leader.part"
mv "$directory/leader.part" "$directory/leader"

temporary=$(dirname "$directory")
mount --bind "$temporary" "$temporary"
mount -t tmpfs -o mode=755 tmpfs /run
mount -o remount,bind,ro /

# Mounts /proc/sys read-only, because systemd would raise fs.file-max and fs.nr_open for the host
# too.
mount -t proc proc /proc
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount -t sysfs -o ro sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup

# Does not mount devtmpfs, of which there is only one: systemd would create links in the host's /dev
# and use the host's console.
mkdir /run/dev
mount -t tmpfs -o mode=755 tmpfs /run/dev
cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /run/dev
mount --no-mtab --move /run/dev /dev

# Configures a journal for these services only, without messages from the host's kernel.
mkdir -p /run/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=\nRateLimitIntervalSec=0\n' >/run/systemd/journald.conf.d/test.conf

# The unit path does not end with a colon and is therefore exclusive, so none of the host's units is
# started.
exec env -i PATH="$PATH" container=gateway-lock SYSTEMD_UNIT_PATH="$directory/units" \
  SYSTEMD_GENERATOR_PATH="$directory/none" SYSTEMD_ENVIRONMENT_GENERATOR_PATH="$directory/none" \
  "$systemd" --system --unit=multi-user.target --show-status=no
