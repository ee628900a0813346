// The command `gateway-lock stress`, in its short form. `npm run stress -- --kills 100000` is the long one.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { isWine, need, whyNoInheritance } from '../support/capabilities.js';
import { start } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { until } from '../support/until.js';

/** Fewer on Windows, because a process takes 1 s to start under Wine. */
const KILLS = process.platform === 'win32' ? 30 : 100;

/** kill-loop.test.ts kills holders under Wine too, and has a control there. */
const whyNoCommand = isWine ? 'some runs under Wine do not end, and the cause is unknown' : null;

/** A test finds the processes of a run by their environment. */
const whyNoProcesses = process.platform === 'linux' ? null : 'there is no /proc';
/** Part of the environment of a successor. */
const SUCCESSOR = 'GATEWAY_LOCK_INHERITED';

async function stress(...options: string[]) {
  const { ended, report } = startStress('--kills', String(KILLS), ...options);
  const { code, out } = await ended;
  return { code, out, report: report() };
}

function startStress(...options: string[]) {
  const home = freshDirectory();
  const json = join(home, 'stress.json');
  const run = start(['stress', '--json', json, '--lock-dir', home, ...options], { home, cwd: home });
  return { ...run, home, report: () => JSON.parse(readFileSync(json, 'utf8')) };
}

/** The pids of the processes that have `text` in their environment, except of zombies. */
function processesWith(text: string): string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && environmentOf(pid).includes(text));
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
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

  test.for([1, 2, 3, 4])('completes a round, however few processes it ends: seed %i', async (seed, ctx) => {
    need(ctx, whyNoCommand);
    const { ended, report } = startStress('--kills', '1', '--seed', String(seed));
    expect(await ended).toMatchObject({ code: 0, err: '' });
    expect(report()).toMatchObject({ passed: true, failures: [] });
  });

  test('detects that --sabotage turned the lock off', async (ctx) => {
    need(ctx, whyNoCommand);
    const { code, report } = await stress('--sabotage');
    expect(report.doubleHolders.length + report.countedTwice.length).toBeGreaterThan(0);
    expect([code, report.passed]).toEqual([0, true]);
  });

  describe('in mode upgrade', () => {
    const UPGRADES = ['--mode', 'upgrade', '--kills', '25', '--contenders', '3', '--seed', '1'];

    beforeEach((ctx) => need(ctx, whyNoInheritance));

    test('kills gateways and successors, and finds neither two gateways nor a stuck lock', async () => {
      const { code, out, report } = await stress(...UPGRADES);
      expect(out).toContain('No two processes held the lock at once, and the lock was never stuck.');
      expect(report).toMatchObject({
        passed: true,
        mode: 'upgrade',
        doubleHolders: [],
        countedTwice: [],
        failures: [],
      });
      const { started, upgraded, kept, interrupted } = report.upgrades;
      const keptCount = Object.values<number>(kept).reduce((sum, count) => sum + count, 0);
      expect(upgraded).toBeGreaterThan(0);
      expect(upgraded + keptCount + interrupted).toBe(started);
      expect(out).toContain(`upgrades: ${started} started, ${upgraded} completed`);
      expect(code).toBe(0);
    });

    test('detects a successor that does not wait for its predecessor', async () => {
      const { code, report } = await stress(...UPGRADES, '--sabotage');
      expect(report.doubleHolders.length + report.countedTwice.length).toBeGreaterThan(0);
      expect([code, report.passed]).toEqual([0, true]);
    });

    test('leaves no process behind if a signal ends the run', async (ctx) => {
      need(ctx, whyNoProcesses);
      const { child, ended, home, report } = startStress('--mode', 'upgrade', '--seconds', '600', '--contenders', '3');
      await until(
        () => processesWith(home).some((pid) => environmentOf(pid).includes(SUCCESSOR)),
        'a successor',
        60_000,
      );
      child.kill('SIGTERM');
      expect(await ended).toMatchObject({ code: 143, out: expect.stringContaining('SIGTERM ended the run early.') });
      expect(report()).toMatchObject({ interruptedBy: 'SIGTERM', failures: [] });
      await until(() => processesWith(home).length === 0, 'the end of all processes', 60_000);
      expect(readdirSync(home)).toEqual(['stress.json']);
    });
  });
});
