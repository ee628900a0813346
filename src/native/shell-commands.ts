// The system's shell commands for hints and error messages.
import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { effectiveUserId } from './platform.js';

/** Returns a command that ends a process. */
export function stopCommand(pid: number): string {
  return process.platform === 'win32' ? `taskkill /PID ${pid} /F` : `kill ${pid}`;
}

/** Returns a command that shows the processes that use a port. */
export function listListenersCommand(port: number): string {
  if (process.platform === 'win32') return `netstat -ano | findstr :${port}`;
  return process.platform === 'linux' ? `ss -tanp 'sport = :${port}'` : `lsof -nP -iTCP:${port} -sTCP:LISTEN`;
}

/**
 * The hint for a bind that fails with EACCES, which Windows reports for a port in a reserved range
 * (Hyper-V, WSL, Docker).
 */
export const DENIED_PORT_ADVICE =
  process.platform === 'win32'
    ? 'The system reserves that port, or a policy denies it. List the reserved ranges, and choose a port outside: ' +
      'netsh int ipv4 show excludedportrange protocol=tcp'
    : 'This user may not bind that port. Choose port 1024 or higher.';

/**
 * Returns a command that shows the processes that have the lock file open, including the holder. On
 * Windows, returns the name of a graphical program (Resource Monitor).
 */
export function listOpenersCommand(path: string): string {
  if (process.platform === 'win32') return `resmon.exe, tab CPU, Associated Handles, search for ${basename(path)}`;
  return process.platform === 'linux' ? `fuser -v ${quoted(path)}` : `lsof ${quoted(path)}`;
}

/** Returns a command that shows the owner and mode of a file or directory. */
export function showModeCommand(path: string): string {
  return process.platform === 'win32' ? `icacls "${path}"` : `ls -lad ${quoted(path)}`;
}

/** Returns a command that creates a directory and its missing parents. */
export function makeDirectoryCommand(path: string): string {
  return process.platform === 'win32' ? `mkdir "${path}"` : `mkdir -p ${quoted(path)}`;
}

/** Returns a command that makes this user the owner of a directory and everything in it. */
export function takeOwnershipCommand(path: string): string {
  return `sudo chown -R ${userName()} ${quoted(path)}`;
}

/** Returns this user's name, or the user id if there is no name, as in some containers. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(effectiveUserId());
  }
}

/** Returns a command that removes other users' write access to a directory. */
export function denyOthersCommand(path: string): string {
  return process.platform === 'win32' ? restrictAccessCommand(path) : `chmod o-w ${quoted(path)}`;
}

/** Joins the words of a command line, quoted for a shell where necessary. */
export function commandText(words: readonly string[]): string {
  const plain = /^[\w@%+=:,./-]+$/;
  return words.map((word) => (plain.test(word) ? word : quoted(word))).join(' ');
}

/**
 * Returns a command that restricts access to a directory to its owner. On Windows, the system and
 * the administrators keep their access.
 */
export function restrictAccessCommand(path: string, platform: NodeJS.Platform = process.platform): string {
  if (platform !== 'win32') return `chmod 700 ${quoted(path)}`;
  // Each grant is quoted, because PowerShell would run an unquoted (OI). Security ids are used
  // because the account names are localized.
  const grants = [thisAccount(), OWNER_RIGHTS, SYSTEM, ADMINISTRATORS].map((account) => `"${account}:(OI)(CI)F"`);
  return `icacls "${path}" /inheritance:r /grant:r ${grants.join(' ')}`;
}

const OWNER_RIGHTS = '*S-1-3-4';
const SYSTEM = '*S-1-5-18';
const ADMINISTRATORS = '*S-1-5-32-544';

/** Includes the domain, because a local account may have the same name as a domain account. */
function thisAccount(): string {
  const { USERDOMAIN: domain, USERNAME: name } = process.env;
  return name === undefined ? OWNER_RIGHTS : domain === undefined ? name : `${domain}\\${name}`;
}

/** Where the macOS settings control which files a launchd job may read (TCC). */
export const PRIVACY_SETTINGS = 'System Settings > Privacy & Security > Full Disk Access';

/**
 * Returns advice if macOS may have denied a launchd job access to a file despite its mode. macOS
 * denies jobs access to Documents, Desktop, Downloads, iCloud and other volumes until the user
 * allows the program. Returns '' if launchd is not the reason for the error.
 */
export function launchdDenialAdvice(
  code: string | undefined,
  { platform, env }: { platform: NodeJS.Platform; env: NodeJS.ProcessEnv } = process,
): string {
  const job = env['XPC_SERVICE_NAME'] ?? '0';
  if (platform !== 'darwin' || code !== 'EPERM' || job === '0' || job.startsWith('application.')) return '';
  return `. If the mode allows the access, macOS denies it to this launchd job: allow ${process.execPath} in ${PRIVACY_SETTINGS}, or choose another folder`;
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
