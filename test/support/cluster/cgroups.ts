// What this machine lets a test do with cgroups of version 2.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Missing } from '../capabilities.js';

/** Where version 2 is mounted; null if it is not. */
export const cgroupMount: string | null =
  spawnSync('findmnt', ['-n', '-o', 'TARGET', '-t', 'cgroup2'], { encoding: 'utf8' }).stdout?.split('\n')[0] || null;

export const whyNoCgroup: Missing = cgroupMount === null ? 'cgroup v2 is not mounted' : probe();

/** The cgroups that a `gateway-lock` with this pid has made, and not removed, below the cgroup of this test. */
export function cgroupsOf(pid: number): string[] {
  return readdirSync(ownFolder()).filter((name) => name.startsWith(`gateway-lock-${pid}-`));
}

function ownFolder(): string {
  return join(cgroupMount!, /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))![1]!);
}

function probe(): Missing {
  try {
    const folder = mkdtempSync(join(ownFolder(), 'gateway-lock-probe-'));
    try {
      if (!existsSync(join(folder, 'cgroup.kill'))) return 'needs cgroup.kill (Linux 5.14)';
      const joined = spawnSync('/bin/sh', ['-c', 'echo $$ > "$1/cgroup.procs"', 'sh', folder], { encoding: 'utf8' });
      return joined.status === 0 ? null : `no process may join a cgroup here: ${joined.stderr.trim()}`;
    } finally {
      rmdirSync(folder);
    }
  } catch (error) {
    return `no cgroup can be made here: ${(error as Error).message}`;
  }
}
