// Detects whether cgroup v2 is usable, and lists the cgroups of a `gateway-lock` process.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Missing } from '../capabilities.js';

/** The mount point of cgroup v2. Null if it is not mounted. */
export const cgroupMount: string | null =
  spawnSync('findmnt', ['-n', '-o', 'TARGET', '-t', 'cgroup2'], { encoding: 'utf8' }).stdout?.split('\n')[0] || null;

export const whyNoCgroup: Missing = cgroupMount === null ? 'cgroup v2 is not mounted' : probe();

/**
 * Returns the cgroups that the `gateway-lock` process has created below this test's cgroup and not
 * removed yet.
 */
export function cgroupsOf(pid: number): string[] {
  return readdirSync(ownDirectory()).filter((name) => name.startsWith(`gateway-lock-${pid}-`));
}

function ownDirectory(): string {
  return join(cgroupMount!, /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))![1]!);
}

function probe(): Missing {
  try {
    const directory = mkdtempSync(join(ownDirectory(), 'gateway-lock-probe-'));
    try {
      if (!existsSync(join(directory, 'cgroup.kill'))) return 'needs cgroup.kill (Linux 5.14)';
      const joined = spawnSync('/bin/sh', ['-c', 'echo $$ > "$1/cgroup.procs"', 'sh', directory], { encoding: 'utf8' });
      return joined.status === 0 ? null : `cannot join a cgroup here: ${joined.stderr.trim()}`;
    } finally {
      rmdirSync(directory);
    }
  } catch (error) {
    return `cannot create a cgroup here: ${(error as Error).message}`;
  }
}
