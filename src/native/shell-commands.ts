// What a person types on this system. In this layer because only it may know the platform.
import { userInfo } from 'node:os';

/** Ends a process. */
export function stopCommand(pid: number): string {
  return process.platform === 'win32' ? `taskkill /PID ${pid} /F` : `kill ${pid}`;
}

/** Shows who has a port, listening or not. */
export function whoListensCommand(port: number): string {
  if (process.platform === 'win32') return `netstat -ano | findstr :${port}`;
  return process.platform === 'linux' ? `ss -tanp 'sport = :${port}'` : `lsof -nP -iTCP:${port} -sTCP:LISTEN`;
}

/** Windows says EACCES of a port in a range that it keeps for itself (Hyper-V, WSL, Docker). */
export const DENIED_PORT_ADVICE =
  process.platform === 'win32'
    ? 'The system keeps that port, or a policy denies it: choose one outside the ranges that ' +
      '`netsh int ipv4 show excludedportrange protocol=tcp` shows.'
    : 'This user may not bind that port: choose one from 1024 on.';

/** Shows which processes have a file open, and with it its lock. */
export function whoHasOpenCommand(path: string): string {
  if (process.platform === 'win32') return `handle.exe "${path}"`;
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
    return String(process.geteuid?.());
  }
}

/** Removes write permission for others from a directory. */
export function denyOthersCommand(path: string): string {
  return process.platform === 'win32' ? makePrivateCommand(path) : `chmod o-w ${quoted(path)}`;
}

/** A command line as a person would type it. */
export function commandText(words: readonly string[]): string {
  const plain = /^[\w@%+=:,./-]+$/;
  return words.map((word) => (plain.test(word) ? word : quoted(word))).join(' ');
}

/** Removes all access of other users. On Windows by numbers, because names differ by language: its owner, and the system. */
export function makePrivateCommand(path: string): string {
  return process.platform === 'win32'
    ? `icacls "${path}" /inheritance:r /grant:r *S-1-3-4:(OI)(CI)F *S-1-5-18:(OI)(CI)F`
    : `chmod 700 ${quoted(path)}`;
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
