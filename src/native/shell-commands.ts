// What a person types on this system. In this layer because only it may know the platform.
import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { effectiveUserId } from './platform.js';

/** Ends a process. */
export function stopCommand(pid: number): string {
  return process.platform === 'win32' ? `taskkill /PID ${pid} /F` : `kill ${pid}`;
}

/** Shows who has a port, listening or not. */
export function listListenersCommand(port: number): string {
  if (process.platform === 'win32') return `netstat -ano | findstr :${port}`;
  return process.platform === 'linux' ? `ss -tanp 'sport = :${port}'` : `lsof -nP -iTCP:${port} -sTCP:LISTEN`;
}

/** Windows says EACCES of a port in a range that it keeps for itself (Hyper-V, WSL, Docker). */
export const DENIED_PORT_ADVICE =
  process.platform === 'win32'
    ? 'The system keeps that port, or a policy denies it: choose one outside the ranges that ' +
      '`netsh int ipv4 show excludedportrange protocol=tcp` shows.'
    : 'This user may not bind that port: choose one from 1024 on.';

/** Shows which processes have a file open, and with it its lock. Windows brings no command for it, only a window. */
export function listOpenersCommand(path: string): string {
  if (process.platform === 'win32') return `resmon.exe, tab CPU, Associated Handles, search for ${basename(path)}`;
  return process.platform === 'linux' ? `fuser -v ${quoted(path)}` : `lsof ${quoted(path)}`;
}

/** Shows owner and mode of a file or directory. */
export function showModeCommand(path: string): string {
  return process.platform === 'win32' ? `icacls "${path}"` : `ls -lad ${quoted(path)}`;
}

/** Creates a directory and its missing parents. */
export function makeDirectoryCommand(path: string): string {
  return process.platform === 'win32' ? `mkdir "${path}"` : `mkdir -p ${quoted(path)}`;
}

/** Gives a directory, and everything in it, to this user. */
export function takeOwnershipCommand(path: string): string {
  return `sudo chown -R ${userName()} ${quoted(path)}`;
}

/** A user id of a container may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(effectiveUserId());
  }
}

/** Removes write permission for others from a directory. */
export function denyOthersCommand(path: string): string {
  return process.platform === 'win32' ? restrictAccessCommand(path) : `chmod o-w ${quoted(path)}`;
}

/** A command line as a person would type it. */
export function commandText(words: readonly string[]): string {
  const plain = /^[\w@%+=:,./-]+$/;
  return words.map((word) => (plain.test(word) ? word : quoted(word))).join(' ');
}

/** Takes a directory away from everybody but its owner; on Windows also the system and the administrators keep it. */
export function restrictAccessCommand(path: string, platform: NodeJS.Platform = process.platform): string {
  if (platform !== 'win32') return `chmod 700 ${quoted(path)}`;
  // Quoted one by one: PowerShell takes a bare (OI) for a command. By numbers, because names differ by language.
  const grants = [thisAccount(), OWNER_RIGHTS, SYSTEM, ADMINISTRATORS].map((who) => `"${who}:(OI)(CI)F"`);
  return `icacls "${path}" /inheritance:r /grant:r ${grants.join(' ')}`;
}

const OWNER_RIGHTS = '*S-1-3-4';
const SYSTEM = '*S-1-5-18';
const ADMINISTRATORS = '*S-1-5-32-544';

/** With the domain, because an account of the machine may have the same name. */
function thisAccount(): string {
  const { USERDOMAIN: domain, USERNAME: name } = process.env;
  return name === undefined ? OWNER_RIGHTS : domain === undefined ? name : `${domain}\\${name}`;
}

/** Where macOS keeps what a launchd job may read (TCC). */
export const PRIVACY_SETTINGS = 'System Settings > Privacy & Security > Full Disk Access';

/**
 * Returns what to do about a file that launchd's job may not open although its mode allows it: macOS keeps jobs out of Documents,
 * Desktop, Downloads, iCloud and other volumes until the user allows the program. Returns '' if that is not the reason.
 */
export function launchdDenialAdvice(
  code: string | undefined,
  { platform, env }: { platform: NodeJS.Platform; env: NodeJS.ProcessEnv } = process,
): string {
  const job = env['XPC_SERVICE_NAME'] ?? '0';
  if (platform !== 'darwin' || code !== 'EPERM' || job === '0' || job.startsWith('application.')) return '';
  return `. If its mode allows it, macOS keeps this launchd job out: allow ${process.execPath} in ${PRIVACY_SETTINGS}, or choose another folder`;
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
