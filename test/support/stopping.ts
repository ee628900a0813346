// Kills and suspends processes, and waits until the kernel has done so.
import { readFileSync } from 'node:fs';
import { native } from '../../src/native/load.js';
import { until } from './until.js';

/** A busy machine may need a while to end a process. */
const PATIENT_MS = 60_000;

/** Sends SIGKILL. Resolves once the process is gone, or is a zombie, which its parent may never reap. */
export async function killed(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await until(() => native().processStartToken(pid) === -1, `process ${pid} has ended`, PATIENT_MS);
}

/** Sends SIGSTOP. Resolves once no thread of the process runs. */
export async function suspended(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await until(() => /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')), `process ${pid} is stopped`, PATIENT_MS);
}
