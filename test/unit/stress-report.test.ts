import { describe, expect, test } from 'vitest';
import { stressPage } from '../../scripts/stress/page.mjs';
import { Upgrades } from '../../src/cli/commands/stress/upgrades.js';
import { WorkerProcess } from '../../src/cli/commands/stress/worker-process.js';

let lastPid = 1;

function worker(): WorkerProcess {
  const pid = lastPid++;
  return new WorkerProcess({ pid, isRunning: true, kill: () => {} }, 'kill');
}

/** Starts an upgrade, and its successor. */
function upgrade(upgrades: Upgrades): { predecessor: WorkerProcess; successor: WorkerProcess } {
  const pair = { predecessor: worker(), successor: worker() };
  upgrades.note(pair.predecessor, 'upgrading');
  upgrades.addSuccessor(pair.predecessor.pid, pair.successor);
  return pair;
}

function reportWith(fields: object) {
  const kills = { starting: 0, waiting: 5, holding: 2, releasing: 0 };
  const empty = { handOverMs: [], doubleHolders: [], countedTwice: [], upgrades: null, interruptedBy: null };
  const figures = { kills: 7, nativeWorkers: 0, entries: 3, contenders: 8, seed: 1, seconds: 1.5, stuck: false };
  const texts = { mode: 'upgrade', verdict: 'No <two>', system: 'Linux', passed: true };
  return { ...empty, ...figures, ...texts, killsByPhase: kills, killsByEnding: { replaced: 1, kill: 6 }, ...fields };
}

describe('the counts of the upgrades', () => {
  test('name completed, kept and interrupted upgrades', () => {
    const upgrades = new Upgrades();
    const completed = upgrade(upgrades);
    upgrades.end(completed.predecessor, 'upgraded');
    upgrades.note(completed.successor, 'holding');
    for (const reason of ['exited', 'timed-out', 'exited']) upgrades.end(upgrade(upgrades).predecessor, reason);
    const takenOver = upgrade(upgrades);
    upgrades.remove(takenOver.predecessor);
    upgrades.note(takenOver.successor, 'holding');
    upgrades.remove(upgrade(upgrades).predecessor);
    expect(upgrades.counts()).toEqual({
      started: 6,
      upgraded: 1,
      kept: { exited: 2, 'timed-out': 1 },
      interrupted: 2,
      takenOver: 1,
    });
    expect(upgrades.durationsMs).toHaveLength(2);
  });

  test('include a successor that reports only after the end of its predecessor', () => {
    const upgrades = new Upgrades();
    const [predecessor, successor] = [worker(), worker()];
    upgrades.note(predecessor, 'upgrading');
    upgrades.remove(predecessor);
    upgrades.addSuccessor(predecessor.pid, successor);
    upgrades.note(successor, 'holding');
    expect(upgrades.counts()).toMatchObject({ interrupted: 1, takenOver: 1 });
  });

  test('an interrupted upgrade is expected to take longer, until one is measured', () => {
    const upgrades = new Upgrades();
    const { expectedMs } = upgrades;
    const { predecessor, successor } = upgrade(upgrades);
    predecessor.state = 'upgrading';
    upgrades.remove(predecessor);
    expect(upgrades.expectedMs).toBeGreaterThan(expectedMs);
    upgrades.expectAtLeast(5000);
    expect(upgrades.expectedMs).toBe(5000);
    upgrades.note(successor, 'holding');
    expect(upgrades.expectedMs).toBeLessThan(5000);
  });
});

describe('the page of a stress run', () => {
  test('names the upgrades, by the reason why the old gateway was kept', () => {
    const counts = { started: 9, upgraded: 4, kept: { exited: 2 }, interrupted: 3, takenOver: 1 };
    const page = stressPage(reportWith({ upgrades: { ...counts, durationsMs: [2, 50.123, 400] } }));
    expect(page).toContain('<td>upgrades started</td><td>9</td>');
    expect(page).toContain('<td>old gateway kept, by reason</td><td>exited 2</td>');
    expect(page).toContain('3, and the successor took over in 1');
    expect(page).toContain('<td>upgrade p50, p99, max</td><td>50.1 ms, 400 ms, 400 ms</td>');
  });

  test('of a run without a hand-over has no undefined value, and escapes texts', () => {
    const page = stressPage(reportWith({}));
    const cells = /<table>.*<\/table>/s.exec(page)![0];
    expect(cells).not.toMatch(/undefined|NaN|null|upgrades/);
    expect(page).toContain('No &lt;two>');
    expect(page).toContain('"killsByEnding":{"kill":6,"replaced":1}');
  });
});
