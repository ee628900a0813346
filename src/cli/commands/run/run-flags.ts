// The options of `run`, and the combinations that it refuses.
import { type Command, Option } from 'commander';
import { programsInherit } from '../../../internal.js';
import { addRunClusterFlags, clusterConflict, type RunClusterFlags } from '../../cluster/run-flags.js';
import { usageError } from '../../exit-codes.js';
import { addFlags, type GatewayFlags, parseMilliseconds } from '../../gateway-flags.js';
import { addKeeperFlags, type KeeperFlags, keeperConflict } from './keeper-flags.js';

export interface RunFlags extends GatewayFlags, RunClusterFlags, KeeperFlags {
  /** Milliseconds to wait for the lock; false with --no-wait. */
  readonly wait?: number | false;
  readonly supervised?: boolean;
  readonly park?: boolean;
  readonly handover: boolean;
  readonly exec?: boolean;
}

export function addRunFlags(command: Command): void {
  addFlags(command, 'host', 'lock', 'stateDir', 'config', 'profile', 'app')
    .addOption(
      new Option(
        '--wait <ms>',
        'how long to wait for the lock (default: 5000; with --supervised 30000), and then for the cluster lock (default: 2 * --ttl)',
      ).argParser(parseMilliseconds),
    )
    .option('--no-wait', 'exit at once if the lock is held')
    .option('--no-handover', 'release the port before starting the program, for programs that bind the port themselves')
    .option(
      '--supervised',
      'if a healthy gateway is already running, leave it running and exit (under systemd, launchd, the task scheduler, PM2, supervisord, or any supervisor with GATEWAY_SUPERVISOR_MODE=external)',
    )
    .option('--park', 'with --supervised: wait while a healthy gateway is running, and start when it ends')
    .option('--health-path <path>', 'with --supervised or --reload-on: URL path of the health check', '/healthz')
    .option('--exec', 'replace this process by the program: same pid, no wrapper');
  addKeeperFlags(command);
  addRunClusterFlags(command);
}

/**
 * @throws {Error} with exit code 64 if flags exclude each other, or if this system cannot support a
 *   flag (docs/decisions/0017)
 */
export function assertSupportedFlags(flags: RunFlags): void {
  const conflict = clusterConflict(flags) ?? keeperConflict(flags);
  if (conflict !== null) throw usageError(conflict);
  const { exec, port, handover } = flags;
  if (programsInherit) return;
  if (exec) throw usageError('--exec: not available on Windows, which cannot replace a process by another program');
  if (port !== undefined && handover) {
    throw usageError(
      '--port: on Windows a program cannot inherit a socket. Add --no-handover, and let the program bind the port itself',
    );
  }
}
