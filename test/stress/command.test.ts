// The command `gateway-lock stress`, in its short form. `npm run stress -- --kills 100000` is the long one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { need } from '../support/capabilities.js';
import { start } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';

// Fewer on Windows: under Wine a process takes 1 s to start.
const KILLS = process.platform === 'win32' ? 16 : 100;
/** Workers that inherit the lock or the socket need POSIX. */
const MODES = process.platform === 'win32' ? ['lock'] : ['lock', 'shared', 'gateway', 'bind'];

// kill-loop.test.ts has a control that runs on Windows.
const whyNoSabotage =
  process.platform === 'win32' ? 'one of two runs under Wine did not end within 300 s, and the cause is unknown' : null;

async function stress(...options: string[]) {
  const home = freshDirectory();
  const json = join(home, 'stress.json');
  const run = start(['stress', '--kills', String(KILLS), '--json', json, ...options], { home, cwd: home });
  const { code, out } = await run.ended;
  return { code, out, report: JSON.parse(readFileSync(json, 'utf8')) };
}

describe('gateway-lock stress', () => {
  test.each(MODES)('kills workers in mode %s and finds neither two holders nor a stuck lock', async (mode) => {
    const { code, out, report } = await stress('--mode', mode, '--seed', '1');
    expect(out).toContain('No two processes held the lock at once, and the lock was never stuck.');
    expect(report).toMatchObject({ passed: true, mode, seed: 1, stuck: false, doubleHolders: [], countedTwice: [] });
    expect(report.kills).toBeGreaterThanOrEqual(KILLS);
    expect(report.entries).toBeGreaterThan(0);
    expect(code).toBe(0);
  });

  test('detects that --sabotage turned the lock off', async (ctx) => {
    need(ctx, whyNoSabotage);
    const { code, report } = await stress('--sabotage');
    expect(report.doubleHolders.length + report.countedTwice.length).toBeGreaterThan(0);
    expect([code, report.passed]).toEqual([0, true]);
  });
});
