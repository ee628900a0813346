// gateway-lock reload: makes a running gateway replace its program, and reports the result.
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { durationText, monotonicMs } from '../../clock.js';
import { type GatewayLockOptions, type OwnerRecord, type ProcessReference, probePort } from '../../index.js';
import { type GatewayLockProbe, handlesSignal, native, probeGatewayLock, signalsCanBeRelayed } from '../../internal.js';
import { withExamples } from '../examples.js';
import { usageError, withExitCodes } from '../exit-codes.js';
import { addFlags, commandFor, type GatewayFlags, gatewayOptions, millisecondsFlag } from '../gateway-flags.js';
import { failure, livingKeeper, recordedHolder, signalHolder } from '../holder-process.js';
import { print } from '../print.js';
import { reloadOutcome } from './reload/outcome.js';

interface ReloadFlags extends GatewayFlags {
  readonly wait: number;
}

/** Longer than the default of `run --ready-timeout` and `--grace` together, in milliseconds. */
const DEFAULT_WAIT_MS = 75_000;
const POLL_MS = 50;

export function addReloadCommand(program: Command): void {
  const command = program
    .command('reload')
    .summary('replace the program of a running gateway without refusing clients')
    .description(
      'Makes `run --reload-on`, or a gateway that calls upgrade() on SIGHUP, start a new program. ' +
        'Waits until the new program serves, and fails if the old program was kept.',
    );
  addFlags(command, 'lock', 'stateDir', 'config', 'profile', 'app')
    .addOption(millisecondsFlag('--wait <ms>', 'how long to wait for the new program', DEFAULT_WAIT_MS))
    .action(reload);
  withExamples(command, [{ line: 'gateway-lock reload', what: 'replace the program of the gateway in ~/.gateway' }]);
  withExitCodes(command, [
    [0, 'the new program serves'],
    [1, 'the old program was kept, or no gateway can be reloaded; the message says why'],
    [64, 'usage error'],
  ]);
}

async function reload(flags: ReloadFlags): Promise<void> {
  if (!signalsCanBeRelayed)
    throw usageError('reload: not available on Windows, which has no SIGHUP. Restart the gateway');
  const options = gatewayOptions(flags);
  const before = probeGatewayLock(options);
  if (before.state !== 'held') throw failure(`no gateway is running: no process holds ${before.lockPath}`);
  const { process: target, signal } = receiverOf(before);
  assertNoEarlierReload(before.owner!);
  if (!signalHolder(before.lockPath, target, signal)) throw failure(`pid ${target.pid} has just ended`);
  const { pid, port } = await reloaded(before.owner!, options, flags.wait);
  if (isEarlier(pid)) throw failure(`pid ${pid} serves, but an earlier reload has started it. ${AGAIN}`);
  await print(`pid ${pid} serves${port === null ? '' : ` on port ${port}`}; it replaces pid ${before.owner!.pid}\n`);
}

const AGAIN = 'Run this command again to load what has changed since';

/** A running reload ignores the signal, and its program may have loaded an older state of things. */
function assertNoEarlierReload({ upgrade }: OwnerRecord): void {
  if (upgrade === undefined || upgrade.phase === 'kept' || !isEarlier(upgrade.pid!)) return;
  throw failure(`an earlier reload is in progress: pid ${upgrade.pid} is not serving yet. ${AGAIN}`);
}

/** Returns true if the process has started before this command. */
function isEarlier(pid: number): boolean {
  const startToken = native().processStartToken(pid);
  return startToken > 0 && startToken < native().processStartToken(process.pid);
}

/** Returns the process to signal: the keeper, or a gateway that replaces itself. */
function receiverOf(holder: GatewayLockProbe): { process: ProcessReference; signal: NodeJS.Signals } {
  const program = recordedHolder(holder);
  const keeper = livingKeeper(holder.owner!);
  if (keeper?.reloadSignal !== undefined) return { process: keeper, signal: keeper.reloadSignal as NodeJS.Signals };
  if (keeper !== null)
    throw failure(`gateway-lock run (pid ${keeper.pid}) does not reload. Start it with --reload-on SIGHUP`);
  if (handlesSignal(program.pid, constants.signals.SIGHUP) === false)
    throw failure(
      `pid ${program.pid} does not handle SIGHUP, which would end it. A gateway reloads if it calls upgrade() on SIGHUP`,
    );
  return { process: program, signal: 'SIGHUP' };
}

/** Waits until a new program serves, and returns its record. */
async function reloaded(before: OwnerRecord, options: GatewayLockOptions, waitMs: number): Promise<OwnerRecord> {
  for (const deadline = monotonicMs() + waitMs; monotonicMs() < deadline; await sleep(POLL_MS)) {
    const outcome = reloadOutcome(before, probeGatewayLock(options));
    if (outcome.state === 'failed') throw failure(`reload failed: ${outcome.why}`);
    if (outcome.state === 'reloaded' && (await isListening(outcome.owner))) return outcome.owner;
  }
  // `status` has no option --config.
  const { configPath: _, ...shown } = options;
  throw failure(`reload: no result within ${durationText(waitMs)}. Show the state: ${commandFor(['status'], shown)}`);
}

async function isListening({ port, bindHost }: OwnerRecord): Promise<boolean> {
  if (port === null) return true;
  const host = typeof bindHost === 'string' ? { host: bindHost } : {};
  return (await probePort({ port, ...host })).state === 'listening';
}
