// Who starts this process again when it ends.
import { loadTty } from '../native/builtins.js';
import { checkName } from './gateway-options.js';
import { type Env, envValue } from './state-paths.js';

/** `external`: another one that says so with `<APP>_SUPERVISOR_MODE=external`. */
export type Supervisor = 'systemd' | 'launchd' | 'schtasks' | 'external';

export interface DetectSupervisorOptions {
  /** Names the variables `<APP>_SYSTEMD_UNIT`, `<APP>_LAUNCHD_LABEL` ... @default 'gateway' */
  readonly app?: string;
  /** Whether a person sits at standard input. @default it is a terminal */
  readonly terminal?: boolean;
}

/**
 * Reads it off the environment; null when nobody does. The variables of `<APP>_*`, which a unit sets for
 * its gateway, count always. The system's own are inherited by every shell of a desktop session, which is
 * a systemd unit or a launchd job itself: at a terminal they count only when they name this process.
 *
 * @throws {TypeError} `ERR_INVALID_ARG_*`
 */
export function detectSupervisor(env: Env = process.env, options: DetectSupervisorOptions = {}): Supervisor | null {
  const app = checkName('app', options.app ?? 'gateway');
  return declared(env, app) ?? ((options.terminal ?? isTerminal()) ? named(env) : inherited(env));
}

function declared(env: Env, app: string): Supervisor | null {
  if (envValue(env, app, 'SUPERVISOR_MODE') === 'external') return 'external';
  if (envValue(env, app, 'SYSTEMD_UNIT') !== undefined) return 'systemd';
  if (envValue(env, app, 'LAUNCHD_LABEL') !== undefined) return 'launchd';
  const service =
    envValue(env, app, 'SERVICE_MARKER') !== undefined && envValue(env, app, 'SERVICE_KIND') === 'gateway';
  return service || envValue(env, app, 'WINDOWS_TASK_NAME') !== undefined ? 'schtasks' : null;
}

/** man 5 systemd.exec: the pid of the process that systemd itself has started; since version 248. */
function named(env: Env): Supervisor | null {
  return env['SYSTEMD_EXEC_PID'] === String(process.pid) ? 'systemd' : null;
}

function inherited(env: Env): Supervisor | null {
  if (env['INVOCATION_ID'] || env['SYSTEMD_EXEC_PID'] || env['JOURNAL_STREAM']) return 'systemd';
  return env['LAUNCH_JOB_LABEL'] || env['LAUNCH_JOB_NAME'] || isLaunchdJob(env['XPC_SERVICE_NAME']) ? 'launchd' : null;
}

/** '0' in shells, `application.*` in programs that a person has opened. */
function isLaunchdJob(service: string | undefined): boolean {
  return service !== undefined && service !== '' && service !== '0' && !service.startsWith('application.');
}

function isTerminal(): boolean {
  return loadTty().isatty(0);
}
