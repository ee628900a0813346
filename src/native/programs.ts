// How this system starts a program, and what it can give it. In this layer because only it may know the platform.
import { delimiter, extname, join, resolve, sep } from 'node:path';

const windows = process.platform === 'win32';

/**
 * Whether a program can inherit a lock and a listening socket. On Windows a lock belongs to the process that took it,
 * and a SOCKET is no descriptor that a runtime could be told of.
 */
export const programsInherit = !windows;

/** A Windows console sends all that it sends to every process in it, and kill() ends a process without asking it. */
export const signalsCanBeRelayed = !windows;

/** Whether /proc tells the state of a process: a zombie counts as alive elsewhere. */
export const processStatesAreKnown = process.platform === 'linux';

/** Where a shell would look for a program, in that order. An empty part of PATH means the working directory. */
export function programCandidates(name: string): string[] {
  const path = process.env['PATH'] ?? (windows ? '' : '/usr/bin:/bin');
  const named = name.includes(sep) || (windows && name.includes('/'));
  const files = named ? [resolve(name)] : path.split(delimiter).map((directory) => join(directory || '.', name));
  return files.flatMap(withExtensions);
}

/** What CreateProcess and cmd.exe start. PATHEXT also has .JS and .VBS, which belong to the Windows Script Host. */
const STARTABLE = ['.com', '.exe', '.bat', '.cmd'];

/** `npm` is npm.cmd on Windows. */
function withExtensions(file: string): string[] {
  if (!windows) return [file];
  const listed = process.env['PATHEXT']?.toLowerCase().split(';') ?? STARTABLE;
  const known = listed.filter((extension) => STARTABLE.includes(extension));
  return known.includes(extname(file).toLowerCase()) ? [file] : known.map((extension) => `${file}${extension}`);
}

export interface SpawnCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** For `child_process.spawn`: the arguments are quoted already. */
  readonly windowsVerbatimArguments?: boolean;
}

/**
 * `file` was found among the {@link programCandidates}. A batch file is run by cmd.exe, which Node leaves to the caller.
 *
 * @throws {Error} `EINVAL` for an argument of a batch file that cmd.exe would read as something else
 */
export function spawnCommand(name: string, file: string, args: readonly string[]): SpawnCommand {
  if (!windows) return { file: name, args };
  if (!/\.(bat|cmd)$/i.test(file)) return { file, args };
  const line = [file, ...args].map(quotedForCmd).join(' ');
  // The outer quotes are what /s takes off.
  return {
    file: process.env['ComSpec'] ?? 'cmd.exe',
    args: ['/d', '/s', '/c', `"${line}"`],
    windowsVerbatimArguments: true,
  };
}

/** Between quotes all but these stand for themselves, also when the batch file passes them on. */
function quotedForCmd(word: string): string {
  if (!/["%\r\n]/.test(word)) return `"${word.replace(/\\+$/, '$&$&')}"`;
  const text = `cannot pass ${JSON.stringify(word)} to a batch file: cmd.exe has no way to quote " and %`;
  throw Object.assign(new Error(text), { code: 'EINVAL', syscall: 'spawn' });
}
