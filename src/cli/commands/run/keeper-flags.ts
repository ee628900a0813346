// The options of `run` that restart and replace the program.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { programsInherit } from '../../../internal.js';
import { millisecondsFlag } from '../../gateway-flags.js';
import { RESTART_MODES, type RestartMode, type RestartRules } from './restart-policy.js';

/** The values of the options, as commander returns them. */
export interface KeeperFlags {
  readonly restart?: RestartMode;
  readonly restartDelay: number;
  readonly maxRestarts?: number;
  readonly reloadOn?: NodeJS.Signals;
  readonly standby?: boolean;
  readonly grace: number;
  readonly readyTimeout: number;
  readonly healthPath: string;
}

const RELOAD_SIGNALS = ['SIGHUP', 'SIGUSR1', 'SIGUSR2'];
const DEFAULT_DELAY_MS = 100;
const DEFAULT_GRACE_MS = 5000;
const DEFAULT_READY_TIMEOUT_MS = 60_000;

export function addKeeperFlags(command: Command): void {
  command
    .addOption(
      new Option(
        '--restart <when>',
        'start the program again when it has ended, while lock and socket stay held (default: no; with --standby on-failure)',
      ).choices(RESTART_MODES),
    )
    .addOption(
      millisecondsFlag('--restart-delay <ms>', 'time before the first restart; doubles up to 10 s', DEFAULT_DELAY_MS),
    )
    .addOption(
      new Option(
        '--max-restarts <n>',
        'give up after this many restarts in a row; a program that runs for 10 s ends the row (default: no limit)',
      ).argParser(parseCount),
    )
    .addOption(
      new Option(
        '--reload-on <signal>',
        'on this signal start a new program, and end the old one when the new one is ready',
      ).choices(RELOAD_SIGNALS),
    )
    .option(
      '--standby',
      'keep a second program loaded that takes over when the first one fails; the program must use ready() of this package',
    )
    .addOption(
      millisecondsFlag('--grace <ms>', 'time from SIGTERM to SIGKILL for a program that is replaced', DEFAULT_GRACE_MS),
    )
    .addOption(
      millisecondsFlag(
        '--ready-timeout <ms>',
        'with --reload-on: time for the new program to become ready',
        DEFAULT_READY_TIMEOUT_MS,
      ),
    );
}

function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a number.');
}

export function restartRules({ restart, restartDelay, maxRestarts, standby }: KeeperFlags): RestartRules {
  return {
    mode: restart ?? (standby ? 'on-failure' : 'no'),
    delayMs: restartDelay,
    maxRestarts: maxRestarts ?? Number.POSITIVE_INFINITY,
  };
}

/** Returns true if a new program may run beside the old one. */
export function replacesPrograms({ reloadOn, standby }: KeeperFlags): boolean {
  return reloadOn !== undefined || standby === true;
}

interface OtherFlags {
  readonly cluster?: string;
  readonly exec?: boolean;
  readonly port?: number;
  readonly handover: boolean;
}

/** Returns an error message if the options exclude each other, and null otherwise. */
export function keeperConflict(flags: KeeperFlags & OtherFlags): string | null {
  const name = keeperFlagIn(flags);
  if (name === null) return null;
  if (flags.cluster !== undefined)
    return `${name}: not available with --cluster, whose program ends when the lock is lost. Let a service manager restart gateway-lock`;
  if (flags.exec) return `${name}: not available with --exec, because no process would remain to start the program`;
  if (!replacesPrograms(flags)) return null;
  if (!programsInherit) return `${name}: not available on Windows, where a new program cannot inherit the socket`;
  if (flags.port !== undefined && !flags.handover)
    return `${name}: the new program needs the socket of the old one. Remove --no-handover`;
  return null;
}

function keeperFlagIn({ restart, reloadOn, standby }: KeeperFlags): string | null {
  if (reloadOn !== undefined) return '--reload-on';
  if (standby) return '--standby';
  return restart === undefined || restart === 'no' ? null : '--restart';
}
