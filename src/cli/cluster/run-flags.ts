// The cluster options of `run`.
import { type Command, Option } from 'commander';
import { programsInherit } from '../../internal.js';
import { parseMilliseconds } from '../gateway-flags.js';
import { addClusterFlags, type ClusterFlags, ttlFlag } from './cluster-flags.js';

export interface RunClusterFlags extends ClusterFlags {
  readonly stopGrace: number;
}

/**
 * Default time from SIGTERM to SIGKILL, in milliseconds. It is shorter than the time between two
 * renewals, so that a program is never stopped while its lock is renewed in time.
 */
const DEFAULT_STOP_GRACE_MS = 2000;

export function addRunClusterFlags(command: Command): void {
  addClusterFlags(command)
    .addOption(ttlFlag())
    .addOption(
      new Option(
        '--stop-grace <ms>',
        'with --cluster: time from SIGTERM to SIGKILL, which the program gets at the deadline of the lock',
      )
        .default(DEFAULT_STOP_GRACE_MS, String(DEFAULT_STOP_GRACE_MS))
        .argParser(parseMilliseconds),
    );
}

interface OtherFlags {
  readonly exec?: boolean;
  readonly port?: number;
  readonly handover: boolean;
}

/** Returns an error message if the flags conflict with --cluster, and null otherwise. */
export function clusterConflict(flags: RunClusterFlags & OtherFlags): string | null {
  if (flags.cluster === undefined) return null;
  if (!programsInherit) return '--cluster: not available on Windows';
  if (flags.exec) return '--cluster: not available with --exec, because no process would remain to renew the lock';
  if (flags.port !== undefined && flags.handover)
    return '--cluster: with --port the program would keep the socket after the lock is lost. Add --no-handover';
  // Even if a renewal takes as long as it may, 3/5 of the time to live minus the margin remains
  // until the deadline.
  const longestMs = Math.floor((flags.ttl ?? 15_000) / 2);
  return flags.stopGrace > longestMs ? `--stop-grace: must be at most ${longestMs} ms, which is half of --ttl` : null;
}
