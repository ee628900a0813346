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

/** Shows which processes have a file open, and with it its lock. */
export function whoHasOpenCommand(path: string): string {
  if (process.platform === 'win32') return `handle.exe "${path}"`;
  return process.platform === 'linux' ? `fuser -v ${quoted(path)}` : `lsof ${quoted(path)}`;
}

/** Shows owner and mode of a file or directory. */
export function showModeCommand(path: string): string {
  return process.platform === 'win32' ? `icacls "${path}"` : `ls -lad ${quoted(path)}`;
}

/** Takes a directory away from everybody else. */
export function makePrivateCommand(path: string): string {
  return process.platform === 'win32' ? `icacls "${path}" /inheritance:r` : `chmod 700 ${quoted(path)}`;
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
