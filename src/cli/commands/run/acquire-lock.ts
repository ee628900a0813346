// Acquires the lock and the port for the program.
import {
  acquireGatewayLock,
  detectSupervisor,
  type GatewayLock,
  type GatewayLockOptions,
  type SupervisedAttempt,
  startSupervised,
} from '../../../index.js';
import { gatewayCluster } from '../../cluster/cluster-flags.js';
import { EXIT, exitCodeOf, isHeld } from '../../exit-codes.js';
import { gatewayOptions } from '../../gateway-flags.js';
import { errorLine, say } from '../../output.js';
import { sayDuplicate } from '../../supervision.js';
import type { RunFlags } from './run-flags.js';

/** Acquires the lock. Returns it, or this command's exit code if it was not acquired. */
export async function acquireLock(flags: RunFlags, signal: AbortSignal): Promise<GatewayLock | number> {
  try {
    const cluster = await gatewayCluster(flags, flags.wait === false ? 0 : flags.wait);
    const options = { ...lockOptions(flags), signal, ...(cluster === undefined ? {} : { cluster }) };
    return flags.supervised ? await acquireSupervised(options, flags) : await acquireGatewayLock(options);
  } catch (error) {
    if (signal.aborted) throw error;
    say(errorLine(error));
    return isHeld(error) && !flags.supervised ? EXIT.held : exitCodeOf(error);
  }
}

function lockOptions(flags: RunFlags): GatewayLockOptions {
  const { wait } = flags;
  const timeouts = wait === undefined ? {} : { timeoutMs: wait || 0, bindTimeoutMs: wait || 0 };
  // OpenClaw does not know the role `program`, and ignores holders with unknown roles.
  const role = flags.app === 'openclaw' ? 'gateway' : 'program';
  return { ...gatewayOptions(flags), bind: flags.port !== undefined, role, ...timeouts };
}

async function acquireSupervised(options: GatewayLockOptions, flags: RunFlags): Promise<GatewayLock | number> {
  const outcome = await startSupervised({
    start: (attempt: SupervisedAttempt) => acquireGatewayLock({ ...options, ...attempt }),
    supervisor: detectSupervisor(process.env, flags.app === undefined ? {} : { app: flags.app }),
    health: { path: flags.healthPath },
    ...(flags.park === undefined ? {} : { park: flags.park }),
    signal: options.signal!,
    ...(flags.wait === undefined ? {} : { budgetMs: flags.wait || 0 }),
  });
  return outcome.outcome === 'started' ? outcome.gateway : sayDuplicate(outcome);
}
