// Writes the lock file of an older gateway: a JSON record without a kernel lock.
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Writes an owner record in OpenClaw's format: without a newline, and with a start time only if
 * /proc reports it.
 */
export function writeOlderRecord(
  path: string,
  fields: { readonly pid: number; readonly [name: string]: unknown },
): void {
  const startTime = processStartToken(fields.pid);
  const record = {
    createdAt: new Date().toISOString(),
    configPath: '/home/user/.openclaw/openclaw.json',
    ...(startTime === null ? {} : { startTime }),
    ...fields,
  };
  writeFileSync(path, JSON.stringify(record));
}

/**
 * Returns field 22 of /proc/PID/stat, counted from the last parenthesis of the command name, or
 * null without /proc.
 */
export function processStartToken(pid: number): number | null {
  // Under Wine, /proc is readable, but contains Linux pids instead of Windows pids.
  if (process.platform === 'win32') return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return null;
  }
}
