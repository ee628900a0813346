#!/bin/sh
# Usage: unshare --mount --propagation private sh outside.sh DIRECTORY SYSTEMD <pipe
# Boots systemd in a cgroup and namespaces of its own. When the pipe closes, and so also when the test run that holds it
# was killed, everything is ended, and the cgroup and DIRECTORY are removed. Mounts end with their namespace.
set -eu
directory=$1 systemd=$2
here=$(dirname "$0")

# A mount of our own: on a host of cgroup v1 the unified hierarchy lies elsewhere, or nowhere.
mount -t cgroup2 cgroup2 /sys/fs/cgroup
cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/gateway-lock-systemd-$$
mkdir "$cgroup"

# The cgroup first: its namespace is rooted where the process is that makes it. unshare dies with this shell
# (--pdeathsig), process 1 with unshare (--kill-child), everything else with process 1 (the kernel).
setpriv --pdeathsig KILL sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' sh "$cgroup" \
  unshare --cgroup --ipc --net --uts --pid --mount --propagation private --fork --kill-child \
  sh "$here/inside.sh" "$directory" "$systemd" </dev/null &
inside=$!

exec 3<&0
{
  read -r _ <&3 || :
  # Process 1 rather than unshare, which then reaps it: nothing is left when the wait below is over.
  kill -KILL "$(cat "$directory/leader")" 2>/dev/null || kill -KILL "$inside"
} &
watcher=$!
wait "$inside" || :
kill "$watcher" 2>/dev/null || :

# Where unshare was killed, the namespace ends a moment after it; until then the cgroups are busy.
tries=100
until find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || [ $((tries -= 1)) -eq 0 ]; do sleep 0.05; done
rm -rf --one-file-system -- "$directory"
