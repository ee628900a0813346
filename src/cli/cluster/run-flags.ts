// The cluster options of `run`.
import { type Command, Option } from 'commander';
import { programsInherit } from '../../index.js';
import { parseMilliseconds } from '../gateway-flags.js';
import { addClusterFlags, type ClusterFlags, ttlFlag } from './cluster-flags.js';

export interface RunClusterFlags extends ClusterFlags {
  readonly stopGrace: number;
}

/** Shorter than the time between two renewals, so that a lock that is renewed in time stops no program. */
const DEFAULT_STOP_GRACE_MS = 2000;

export function addRunClusterFlags(command: Command): void {
  addClusterFlags(command)
    .addOption(ttlFlag())
    .addOption(
      new Option('--stop-grace <ms>', 'with --cluster: time between SIGTERM and the deadline of the lock, then SIGKILL')
        .default(DEFAULT_STOP_GRACE_MS, String(DEFAULT_STOP_GRACE_MS))
        .argParser(parseMilliseconds),
    );
}

interface OtherFlags {
  readonly exec?: boolean;
  readonly port?: number;
  readonly handover: boolean;
}

/** Returns what cannot be combined with --cluster; null if nothing. */
export function clusterConflict(flags: RunClusterFlags & OtherFlags): string | null {
  if (flags.cluster === undefined) return null;
  if (!programsInherit) return '--cluster: not available on Windows';
  if (flags.exec) return '--cluster: with --exec nobody would renew the lock';
  if (flags.port !== undefined && flags.handover)
    return '--cluster: a program that outlives the lock must not keep the socket: add --no-handover';
  // Between two renewals three fifths of the time to live remain at least, minus the margin.
  const longestMs = Math.floor((flags.ttl ?? 15_000) / 2);
  return flags.stopGrace > longestMs ? `--stop-grace: at most ${longestMs} ms, half of --ttl` : null;
}
