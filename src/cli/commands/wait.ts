// gateway-lock wait: waits until a lock is free, or until a gateway is healthy.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { durationText, monotonicMs } from '../../clock.js';
import { probeGateway } from '../../index.js';
import { probeGatewayLock } from '../../internal.js';
import { withExamples } from '../examples.js';
import { EXIT, withExitCodes } from '../exit-codes.js';
import { addFlags, type GatewayFlags, gatewayOptions, millisecondsFlag } from '../gateway-flags.js';
import { holdersText } from '../holder-process.js';

interface WaitFlags extends GatewayFlags {
  readonly for: 'free' | 'healthy';
  readonly timeout: number;
  readonly healthPath: string;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const POLL_MS = 100;

export function addWaitCommand(program: Command): void {
  const command = program
    .command('wait')
    .summary('wait until a lock is free or a gateway is healthy')
    .description('Waits until the lock of a gateway is free, or until the gateway is healthy. Changes nothing.');
  addFlags(command, 'lock', 'stateDir', 'config', 'profile', 'app')
    .addOption(new Option('--for <state>', 'what to wait for').choices(['free', 'healthy']).default('free'))
    .addOption(millisecondsFlag('--timeout <ms>', 'how long to wait', DEFAULT_TIMEOUT_MS))
    .option('--health-path <path>', 'with --for healthy: URL path of the health check', '/healthz')
    .action(wait);
  withExamples(command, [
    { line: 'gateway-lock wait --for healthy --timeout 30000', what: 'wait for the gateway in ~/.gateway' },
    { line: 'gateway-lock wait --lock /run/lock/backup.lock', what: 'wait until a job has ended' },
  ]);
  withExitCodes(command, [
    [0, 'the lock is free, or the gateway is healthy'],
    [1, 'error'],
    [64, 'usage error'],
    [75, 'the time has passed'],
  ]);
}

async function wait(flags: WaitFlags): Promise<void> {
  const whyNot = flags.for === 'free' ? whyNotFree : whyNotHealthy;
  for (const deadline = monotonicMs() + flags.timeout; ; await sleep(POLL_MS)) {
    const reason = await whyNot(flags);
    if (reason === null) return;
    if (monotonicMs() >= deadline) {
      const text = `not ${flags.for} within ${durationText(flags.timeout)}: ${reason}`;
      throw Object.assign(new Error(text), { exitCode: EXIT.held });
    }
  }
}

function whyNotFree(flags: WaitFlags): string | null {
  const { state, owner, ownerAlive, lockPath } = probeGatewayLock(gatewayOptions(flags));
  if (state !== 'held') return null;
  // A record may name a process that is gone, although a child of that process holds the lock.
  return owner === null || ownerAlive === false
    ? `the lock is held${holdersText(lockPath)}`
    : `the lock is held by pid ${owner.pid}`;
}

async function whyNotHealthy(flags: WaitFlags): Promise<string | null> {
  const { state, health, port } = await probeGateway({ ...gatewayOptions(flags), health: { path: flags.healthPath } });
  if (state === 'running' && health?.healthy) return null;
  if (state === 'stopped' || state === 'foreign') return 'no gateway is running';
  return health === null ? `no process listens on port ${port}` : (health.reason ?? 'the gateway is starting');
}
