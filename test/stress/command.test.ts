// The command `gateway-lock stress`, in its short form. `npm run stress -- --kills 100000` is the long one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { need } from '../support/capabilities.js';
import { start } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';

const KILLS = 100;

/** kill-loop.test.ts kills holders on Windows too, and has a control there. */
const whyNoCommand =
  process.platform === 'win32'
    ? 'two of four runs under Wine did not end within 300 s, and the cause is unknown'
    : null;

async function stress(...options: string[]) {
  const home = freshDirectory();
  const json = join(home, 'stress.json');
  const run = start(['stress', '--kills', String(KILLS), '--json', json, ...options], { home, cwd: home });
  const { code, out } = await run.ended;
  return { code, out, report: JSON.parse(readFileSync(json, 'utf8')) };
}

describe('gateway-lock stress', () => {
  test.for(['lock', 'shared', 'gateway', 'bind'])(
    'kills workers in mode %s and finds neither two holders nor a stuck lock',
    async (mode, ctx) => {
      need(ctx, whyNoCommand);
      const { code, out, report } = await stress('--mode', mode, '--seed', '1');
      expect(out).toContain('No two processes held the lock at once, and the lock was never stuck.');
      expect(report).toMatchObject({ passed: true, mode, seed: 1, stuck: false, doubleHolders: [], countedTwice: [] });
      expect(report.kills).toBeGreaterThanOrEqual(KILLS);
      expect(report.entries).toBeGreaterThan(0);
      expect(code).toBe(0);
    },
  );

  test('detects that --sabotage turned the lock off', async (ctx) => {
    need(ctx, whyNoCommand);
    const { code, report } = await stress('--sabotage');
    expect(report.doubleHolders.length + report.countedTwice.length).toBeGreaterThan(0);
    expect([code, report.passed]).toEqual([0, true]);
  });
});
