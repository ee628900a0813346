// Finds the file of a program, and returns the arguments with which child_process.spawn() starts
// it.
import { readFileSync } from 'node:fs';
import { delimiter, extname, join, resolve, sep } from 'node:path';

const windows = process.platform === 'win32';

/**
 * Returns the files that a shell would try for a program name, in the same order. An empty part of
 * PATH means the working directory.
 */
export function programCandidates(name: string): string[] {
  const path = process.env['PATH'] ?? (windows ? '' : '/usr/bin:/bin');
  const named = name.includes(sep) || (windows && name.includes('/'));
  const files = named ? [resolve(name)] : path.split(delimiter).map((directory) => join(directory || '.', name));
  return files.flatMap(withExtensions);
}

/**
 * The extensions that CreateProcess and cmd.exe can start. PATHEXT also contains .JS and .VBS,
 * which need the Windows Script Host.
 */
const STARTABLE = ['.com', '.exe', '.bat', '.cmd'];

/** Adds the possible extensions on Windows, where `npm`, for example, is the file npm.cmd. */
function withExtensions(file: string): string[] {
  if (!windows) return [file];
  const listed = process.env['PATHEXT']?.toLowerCase().split(';') ?? STARTABLE;
  const known = listed.filter((extension) => STARTABLE.includes(extension));
  return known.includes(extname(file).toLowerCase()) ? [file] : known.map((extension) => `${file}${extension}`);
}

/** A command as arguments of `child_process.spawn`. */
export interface SpawnCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** True if the arguments are already quoted. */
  readonly windowsVerbatimArguments?: boolean;
}

/**
 * Returns the command that starts a program. `file` is the existing file among the {@link
 * programCandidates}. A batch file is started through cmd.exe, because Node refuses to start batch
 * files.
 *
 * @throws {Error} `EINVAL` if an argument of a batch file cannot be quoted for cmd.exe
 */
export function spawnCommand(name: string, file: string, args: readonly string[]): SpawnCommand {
  if (!windows) return { file: name, args };
  if (!/\.(bat|cmd)$/i.test(file)) return { file, args };
  const line = [file, ...args].map(quotedForCmd).join(' ');
  // /s makes cmd.exe remove the outer quotes.
  return {
    file: process.env['ComSpec'] ?? 'cmd.exe',
    args: ['/d', '/s', '/c', `"${line}"`],
    windowsVerbatimArguments: true,
  };
}

/**
 * Quotes one argument for cmd.exe. Inside quotes only ", % and line breaks are special, even if the
 * batch file passes the argument on.
 */
function quotedForCmd(word: string): string {
  if (!/["%\r\n]/.test(word)) return `"${word.replace(/\\+$/, '$&$&')}"`;
  const text = `cannot pass ${JSON.stringify(word)} to a batch file: cmd.exe has no way to quote " and %`;
  throw Object.assign(new Error(text), { code: 'EINVAL', syscall: 'spawn' });
}

/** Returns the pid of a process's parent, or null if it is unknown or the system has no /proc. */
export function parentOf(pid: number): number | null {
  // The second field is the program's name in parentheses, which may contain blanks and parentheses
  // (man 5 proc).
  const fields = /^\d+ \(.*\) . (\d+) /s.exec(readProcess(pid, 'stat'));
  return fields === null ? null : Number(fields[1]);
}

/**
 * Returns true if the process handles the signal, false if the signal would end it or is ignored,
 * and null if the system has no /proc.
 */
export function handlesSignal(pid: number, signal: number): boolean | null {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readProcess(pid, 'status'))?.[1];
  return caught === undefined ? null : ((BigInt(`0x${caught}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
