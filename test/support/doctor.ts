// The doctor's answer, and a place for it to look at.
import { expect } from 'vitest';
import { type CommandOptions, gatewayLock } from './command.js';
import { lockDirectory } from './lock-directory.js';
import { freePort, freshDirectory } from './places.js';

export interface Finding {
  readonly check: string;
  readonly level: string;
  readonly message: string;
  readonly advice?: string;
}

export async function doctor(args: readonly string[], options: CommandOptions = {}) {
  const { code, out, err } = await gatewayLock(['doctor', '--json', ...args], options);
  const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: Finding[] };
  expect([ok, err]).toEqual([code === 0, '']);
  return { code, findings, of: (check: string) => findings.filter((finding) => finding.check === check) };
}

export async function doctorPlace() {
  const stateDir = freshDirectory();
  const port = await freePort();
  return { stateDir, port, directory: lockDirectory(stateDir), args: ['--state-dir', stateDir, '--port', `${port}`] };
}
