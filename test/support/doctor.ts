// Runs `gateway-lock doctor --json`, and creates a state directory that the doctor can check.
import { expect } from 'vitest';
import { type CommandOptions, gatewayLock } from './command.js';
import { freshDirectory } from './directories.js';
import { freePort } from './free-port.js';
import { lockDirectory } from './lock-directory.js';

/** One finding in the JSON output. */
export interface Finding {
  readonly check: string;
  readonly level: string;
  readonly message: string;
  readonly advice?: string;
}

/** Runs the doctor. The returned `of` lists the findings of one check. */
export async function doctor(args: readonly string[], options: CommandOptions = {}) {
  const { code, out, err } = await gatewayLock(['doctor', '--json', ...args], options);
  const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: Finding[] };
  expect([ok, err]).toEqual([code === 0, '']);
  return { code, findings, of: (check: string) => findings.filter((finding) => finding.check === check) };
}

/**
 * Creates a state directory with a lock directory, and chooses a free port. The returned `args`
 * specify both.
 */
export async function doctorPlace() {
  const stateDir = freshDirectory();
  const port = await freePort();
  return { stateDir, port, directory: lockDirectory(stateDir), args: ['--state-dir', stateDir, '--port', `${port}`] };
}
