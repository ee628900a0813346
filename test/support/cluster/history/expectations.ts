// Runs a history. Checks that there was no error, and that enough faults were injected to find one.
import { expect } from 'vitest';
import { buildWith } from '../planted-faults.js';
import { runHistory } from './run.mjs';

export const HISTORY_SECONDS = Number(process.env['HISTORY_SECONDS'] ?? 60);
const CONTROL_SECONDS = 25;

/** Runs a history that must show no double holder. */
export async function expectCleanHistory(kind: 'etcd' | 'postgres'): Promise<void> {
  const result = await runHistory({ kind, seconds: HISTORY_SECONDS });
  console.log(JSON.stringify(result));
  expect(result).toMatchObject({ doubles: [], tokensThatWentBack: 0, fencedHolders: 0, crashes: [] });
  // Checks that faults hit holders, that holders lost their locks, and that other clients then
  // acquired them.
  const hits = Object.entries(result.faults as Record<string, number>).filter(([name]) => name.endsWith('(holder)'));
  expect(hits.length).toBeGreaterThan(1);
  expect(Object.keys(result.losses)).toContain('ERR_LOCK_EXPIRED');
  expect(result.holds).toBeGreaterThan(HISTORY_SECONDS / 10);
}

/**
 * Runs up to three histories with a planted fault. At least one of them must show a double holder.
 */
export async function expectDoubles(kind: 'etcd' | 'postgres'): Promise<void> {
  const module = await buildWith('the deadline is ignored');
  const doubles: unknown[] = [];
  for (let attempt = 0; attempt < 3 && doubles.length === 0; attempt++)
    doubles.push(...(await runHistory({ kind, seconds: CONTROL_SECONDS, module })).doubles);
  console.log(JSON.stringify({ doubles }));
  expect(doubles.length).toBeGreaterThan(0);
}
