// What an older gateway leaves in a lock file: a JSON record, and no kernel lock behind it.
import { readFileSync, writeFileSync } from 'node:fs';

/** As OpenClaw writes it: no newline; a start time only where /proc tells one. */
export function writeOlderRecord(
  path: string,
  fields: { readonly pid: number; readonly [name: string]: unknown },
): void {
  const startTime = processStartToken(fields.pid);
  const record = {
    createdAt: new Date().toISOString(),
    configPath: '/home/somebody/.openclaw/openclaw.json',
    ...(startTime === null ? {} : { startTime }),
    ...fields,
  };
  writeFileSync(path, JSON.stringify(record));
}

/** Field 22 of /proc/PID/stat, counted after the last parenthesis of the command name. */
export function processStartToken(pid: number): number | null {
  // In Wine /proc can be read, and has other processes under the pids of Windows.
  if (process.platform === 'win32') return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return null;
  }
}
