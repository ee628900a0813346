// A pid namespace, in which the started command is PID 1 as in a container.
import { spawnSync } from 'node:child_process';
import type { Missing } from './capabilities.js';

/** The words of a command that runs another command as PID 1. */
export const CONTAINER = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] as const;

export const whyNoContainer: Missing =
  spawnSync(CONTAINER[0], [...CONTAINER.slice(1), 'true']).status === 0 ? null : 'cannot create a pid namespace here';

/**
 * A shell script that leaves three orphans in the working directory's namespace, waits until they
 * have ended, and prints the states of those that have not been reaped, and then `PID done`.
 */
export const LEAVE_ORPHANS = `
  for n in 1 2 3; do (sh -c 'echo $$ >> orphans; exec sleep 0.1' &); done
  tries=600; until [ "$(wc -l < orphans)" -eq 3 ] 2>/dev/null || [ $((tries -= 1)) -eq 0 ]; do sleep 0.1; done
  for pid in $(cat orphans); do
    until [ ! -e /proc/$pid ] || [ $((tries -= 1)) -le 0 ]; do sleep 0.1; done
    [ -e /proc/$pid ] && grep State /proc/$pid/status
  done; echo $$ done`;
