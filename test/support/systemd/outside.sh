#!/bin/sh
# Usage: unshare --mount --propagation private sh outside.sh DIRECTORY SYSTEMD <pipe
# Boots systemd in a separate cgroup and separate namespaces. When the pipe closes, even because the
# test run is killed, kills all processes and removes the cgroup and DIRECTORY. The mounts end with
# their namespace.
set -eu
directory=$1 systemd=$2
here=$(dirname "$0")

# Mounts cgroup v2 at the usual path, because a host with cgroup v1 mounts it elsewhere or not at
# all.
mount -t cgroup2 cgroup2 /sys/fs/cgroup
cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/gateway-lock-systemd-$$
mkdir "$cgroup"

# Joins the cgroup first, because the root of a cgroup namespace is the cgroup of the process that
# creates the namespace. unshare dies with this shell (--pdeathsig), process 1 dies with unshare
# (--kill-child), and the kernel kills all other processes of the namespace with process 1.
setpriv --pdeathsig KILL sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' sh "$cgroup" \
  unshare --cgroup --ipc --net --uts --pid --mount --propagation private --fork --kill-child \
  sh "$here/inside.sh" "$directory" "$systemd" </dev/null &
inside=$!

exec 3<&0
{
  read -r _ <&3 || :
  # Kills process 1 rather than unshare, which then reaps it, so no process is left after the wait
  # below.
  kill -KILL "$(cat "$directory/leader")" 2>/dev/null || kill -KILL "$inside"
} &
watcher=$!
wait "$inside" || :
kill "$watcher" 2>/dev/null || :

# If unshare was killed, the namespace ends a moment later, and until then the cgroups are busy.
tries=100
until find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || [ $((tries -= 1)) -eq 0 ]; do sleep 0.05; done
rm -rf --one-file-system -- "$directory"
