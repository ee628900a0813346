// What a person types on this system. In this layer because only it may know the platform.

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

/** Takes a directory away from everybody else. On Windows by numbers, for names differ by language: its owner, and the system. */
export function makePrivateCommand(path: string): string {
  return process.platform === 'win32'
    ? `icacls "${path}" /inheritance:r /grant:r *S-1-3-4:(OI)(CI)F *S-1-5-18:(OI)(CI)F`
    : `chmod 700 ${quoted(path)}`;
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
