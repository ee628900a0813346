// Detects the supervisor that restarts this process.

import { checkOptions, type OptionNames } from '../arguments.js';
import { loadTty } from '../native/builtins.js';
import { type Env, envValue, readApp } from './app-environment.js';

/**
 * A supervisor. `external` means any other supervisor, as declared by
 * `<APP>_SUPERVISOR_MODE=external`.
 *
 * @example
 * const supervisor: Supervisor | null = detectSupervisor();
 */
export type Supervisor = 'systemd' | 'launchd' | 'schtasks' | 'pm2' | 'supervisord' | 'external';

/** @internal */
export const SUPERVISORS: readonly Supervisor[] = ['systemd', 'launchd', 'schtasks', 'pm2', 'supervisord', 'external'];

/**
 * Options of {@link detectSupervisor}.
 *
 * @example
 * const options: DetectSupervisorOptions = { app: 'chat', terminal: false };
 * console.log(detectSupervisor(process.env, options));
 */
export interface DetectSupervisorOptions {
  /**
   * The prefix of the variables `<APP>_SYSTEMD_UNIT`, `<APP>_LAUNCHD_LABEL` and so on.
   *
   * @default 'gateway'
   */
  readonly app?: string | undefined;
  /**
   * True if a person may have started the process.
   *
   * @default true if standard input is a terminal
   */
  readonly terminal?: boolean | undefined;
}

const OPTIONS: OptionNames<DetectSupervisorOptions> = { app: true, terminal: true };

/**
 * Detects the supervisor from environment variables. Returns null if there is none. The `<APP>_*`
 * variables that a unit sets for its gateway are always used. The variables of systemd and launchd
 * are also set in every shell of a desktop session, because the session itself is a systemd unit or
 * a launchd job. At a terminal, they are therefore used only if they refer to this process.
 *
 * The restart policies of Docker and Kubernetes set no variable for the process that they restart.
 * Declare them with `<APP>_SUPERVISOR_MODE=external`.
 *
 * @example
 * console.log(detectSupervisor({ GATEWAY_SYSTEMD_UNIT: 'gateway.service' })); // systemd
 * @throws {TypeError} `ERR_INVALID_ARG_*`
 */
export function detectSupervisor(env: Env = process.env, options: DetectSupervisorOptions = {}): Supervisor | null {
  checkOptions(options, OPTIONS);
  const app = readApp(options.app);
  return declared(env, app) ?? ((options.terminal ?? isTerminal()) ? startedBySystemd(env) : inherited(env));
}

function declared(env: Env, app: string): Supervisor | null {
  if (envValue(env, app, 'SUPERVISOR_MODE') === 'external') return 'external';
  if (envValue(env, app, 'SYSTEMD_UNIT') !== undefined) return 'systemd';
  if (envValue(env, app, 'LAUNCHD_LABEL') !== undefined) return 'launchd';
  const service =
    envValue(env, app, 'SERVICE_MARKER') !== undefined && envValue(env, app, 'SERVICE_KIND') === 'gateway';
  return service || envValue(env, app, 'WINDOWS_TASK_NAME') !== undefined ? 'schtasks' : null;
}

/**
 * Returns 'systemd' if systemd itself started this process. SYSTEMD_EXEC_PID is the pid of the
 * process that systemd started (man 5 systemd.exec, since version 248).
 */
function startedBySystemd(env: Env): Supervisor | null {
  return env['SYSTEMD_EXEC_PID'] === String(process.pid) ? 'systemd' : null;
}

/**
 * Returns true if the supervisor starts a new process before it stops the old one, as `pm2 reload`
 * does for an app in cluster mode. PM2 then stops the old process in any case, even if the new one
 * has ended.
 */
export function startsBeforeStop(env: Env): boolean {
  return Boolean(env['pm_id']) && env['exec_mode'] === 'cluster_mode';
}

/**
 * PM2 and supervisord come first, because they are often services of systemd and pass its variables
 * on.
 */
function inherited(env: Env): Supervisor | null {
  if (env['pm_id']) return 'pm2';
  if (env['SUPERVISOR_ENABLED']) return 'supervisord';
  if (env['INVOCATION_ID'] || env['SYSTEMD_EXEC_PID'] || env['JOURNAL_STREAM']) return 'systemd';
  return env['LAUNCH_JOB_LABEL'] || env['LAUNCH_JOB_NAME'] || isLaunchdJob(env['XPC_SERVICE_NAME']) ? 'launchd' : null;
}

/**
 * launchd sets XPC_SERVICE_NAME to '0' in shells, and to `application.*` in programs that a person
 * has opened.
 */
function isLaunchdJob(service: string | undefined): boolean {
  return service !== undefined && service !== '' && service !== '0' && !service.startsWith('application.');
}

function isTerminal(): boolean {
  return loadTty().isatty(0);
}
