// Starts Node in new namespaces, with unshare(1).
import { spawnSync } from 'node:child_process';
import type { ActorOptions } from './actors.js';
import type { Missing } from './capabilities.js';

/** Flags of unshare(1) for a pid namespace whose processes end when the actor ends. */
export const OWN_PIDS = ['--pid', '--fork', '--kill-child', '--mount-proc'];
/** Flags of unshare(1) for a mount namespace whose mounts no other process sees. */
export const OWN_MOUNTS = ['--mount', '--propagation', 'private'];

/** Returns the options of an actor in new namespaces. */
export function inNamespaces(flags: readonly string[]): ActorOptions {
  return { execPath: 'unshare', execArgv: [...flags, process.execPath] };
}

/** Returns the options of an actor that starts after shell commands in the new namespaces. */
export function afterCommands(flags: readonly string[], commands: string): ActorOptions {
  const script = `${commands} && exec "$@"`;
  return { execPath: 'unshare', execArgv: [...flags, 'sh', '-c', script, 'sh', process.execPath] };
}

/** Returns a reason if this machine cannot start a process in the namespaces. */
export function whyNoNamespaces(flags: readonly string[], commands = 'true'): Missing {
  const { status, stderr, error } = spawnSync('unshare', [...flags, 'sh', '-c', commands], { encoding: 'utf8' });
  if (error !== undefined) return `needs unshare(1): ${error.message}`;
  return status === 0 ? null : `cannot run unshare ${flags.join(' ')} here: ${stderr.trim().split('\n')[0]}`;
}
