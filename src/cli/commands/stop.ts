// gateway-lock stop: ends the process that holds a gateway's lock, and waits until the lock is free.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { durationText, monotonicMs } from '../../clock.js';
import type { OwnerRecord, ProcessReference } from '../../index.js';
import { type GatewayLockProbe, probeGatewayLock } from '../../internal.js';
import { withExamples } from '../examples.js';
import { EXIT, withExitCodes } from '../exit-codes.js';
import {
  addFlags,
  commandFor,
  type GatewayFlags,
  gatewayOptions,
  millisecondsFlag,
  parseMilliseconds,
} from '../gateway-flags.js';
import { holdersText, livingKeeper, recordedHolder, signalHolder } from '../holder-process.js';
import { print } from '../print.js';

interface StopFlags extends GatewayFlags {
  readonly killAfter?: number;
  readonly timeout: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** How long a killed process may take to end, in milliseconds. */
const DYING_MS = 10_000;
const POLL_MS = 50;

export function addStopCommand(program: Command): void {
  const command = program
    .command('stop')
    .summary('stop the holder of a lock and wait until the lock is free')
    .description(
      'Sends SIGTERM to the process that holds the lock: to `gateway-lock run` if it holds the lock for a program. ' +
        'Never signals a later process with the same pid. On Windows the process is terminated at once.',
    );
  addFlags(command, 'lock', 'stateDir', 'config', 'profile', 'app')
    .addOption(
      new Option(
        '--kill-after <ms>',
        'send SIGKILL if the lock is still held after this time (default: never)',
      ).argParser(parseMilliseconds),
    )
    .addOption(
      millisecondsFlag('--timeout <ms>', 'how long to wait for the lock, without --kill-after', DEFAULT_TIMEOUT_MS),
    )
    .action(stop);
  withExamples(command, [
    { line: 'gateway-lock stop', what: 'stop the gateway in ~/.gateway' },
    { line: 'gateway-lock stop --kill-after 10000', what: 'stop it by force if it takes longer than 10 s' },
  ]);
  withExitCodes(command, [
    [0, 'the lock is free, or was free already'],
    [1, 'error; the message says why no process was signalled'],
    [64, 'usage error'],
    [75, 'the lock is still held, or another process has acquired it since'],
  ]);
}

async function stop(flags: StopFlags): Promise<void> {
  const options = gatewayOptions(flags);
  const probe = () => probeGatewayLock(options);
  const first = probe();
  if (first.state !== 'held') return void (await print(`No gateway is running: no process holds ${first.lockPath}\n`));
  const [target, ...others] = processesOf(first);
  signalHolder(first.lockPath, target!, 'SIGTERM');
  const hasLeft = await leaves(first, probe, flags.killAfter ?? flags.timeout);
  if (!hasLeft && !(await killed(first, probe, flags))) throw stillHeld(probe(), flags);
  const stopped = `pid ${[target!, ...others].map(({ pid }) => pid).join(' and ')}`;
  const now = probe();
  if (now.state === 'held' && now.owner !== null) throw heldAgain(stopped, now.owner);
  await print(`Stopped ${stopped}\n`);
}

/** Returns the keeper and its program, or only the holder. The first one ends the others. */
function processesOf(holder: GatewayLockProbe): readonly ProcessReference[] {
  const { owner, ownerAlive } = holder;
  // The pid of a keeper means nothing here if its program may run in another container.
  const keeper = owner === null || ownerAlive === null ? null : livingKeeper(owner);
  // Between two programs the record names the keeper.
  if (keeper === null || keeper.pid === owner?.pid) return [recordedHolder(holder)];
  return ownerAlive ? [keeper, recordedHolder(holder)] : [keeper];
}

async function killed(first: GatewayLockProbe, probe: () => GatewayLockProbe, flags: StopFlags): Promise<boolean> {
  if (flags.killAfter === undefined) return false;
  const now = probe();
  if (!isSameHolder(first, now)) return true;
  // The keeper first: it would start the program again.
  for (const process of processesOf(now)) signalHolder(now.lockPath, process, 'SIGKILL');
  return leaves(first, probe, DYING_MS);
}

/** Waits until the lock is free or has a new holder. Returns false after `timeoutMs` milliseconds. */
async function leaves(first: GatewayLockProbe, probe: () => GatewayLockProbe, timeoutMs: number): Promise<boolean> {
  for (const deadline = monotonicMs() + timeoutMs; ; await sleep(POLL_MS)) {
    if (!isSameHolder(first, probe())) return true;
    if (monotonicMs() >= deadline) return false;
  }
}

/** Returns true if the lock is still held by the same keeper or, without a keeper, the same process. */
function isSameHolder(first: GatewayLockProbe, now: GatewayLockProbe): boolean {
  if (now.state !== 'held' || now.owner === null) return now.state === 'held';
  return identityOf(first.owner) === identityOf(now.owner);
}

function identityOf(owner: OwnerRecord | null): string {
  return JSON.stringify(owner?.keeper ?? [owner?.pid, owner?.startTime]);
}

/** For example a service manager has started the gateway again. */
function heldAgain(stopped: string, { pid }: OwnerRecord): Error {
  const text = `stopped ${stopped}, but pid ${pid} has acquired the lock since. If a service manager restarts the gateway, stop it there`;
  return Object.assign(new Error(text), { exitCode: EXIT.held });
}

function stillHeld({ lockPath, owner }: GatewayLockProbe, flags: StopFlags): Error {
  const { killAfter, timeout } = flags;
  const waited = durationText(killAfter ?? timeout);
  const force = commandFor(['stop', '--kill-after', '0'], gatewayOptions(flags));
  const advice = killAfter === undefined ? `. To end it by force: ${force}` : '';
  const text = `the lock is still held after ${waited} by pid ${owner?.pid}${holdersText(lockPath)}${advice}`;
  return Object.assign(new Error(text), { exitCode: EXIT.held });
}
