// Kills and suspends `gateway-lock run`, its old program and its new program at each step of a
// reload. While a program lives, no client is refused, no third process becomes a gateway, and there
// are never two.
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { need, whyNoInheritance } from '../support/capabilities.js';
import { KeptProgram } from '../support/kept-program.js';
import {
  answersAgain,
  failures,
  type LoadReport,
  NO_FAILURES,
  startLoad,
  startThirdStarter,
  whyNoCompiler,
} from '../support/load.js';
import { KILLS } from '../support/rounds.js';
import { killed, suspended } from '../support/stopping.js';
import { until } from '../support/until.js';

/** A test must not fail because a busy machine is slow. */
const PATIENT = { timeout: 60_000 + KILLS * 30_000 };
/** Milliseconds for which a process is suspended. */
const SUSPENDED_MS = 20;
/** Nothing but a kill by this test ends a program before it has drained. */
const FLAGS = ['--reload-on', 'SIGHUP', '--restart', 'always', '--restart-delay', '0', '--grace', '60000'];

type Side = 'keeper' | 'old program' | 'new program';
type Action = 'kill' | 'suspend';

/** The steps at which each side can be stopped, in their order (test/fixtures/upgrading-gateway.mjs). */
const STEPS: readonly (readonly [step: string, sides: readonly Side[]])[] = [
  ['started', ['keeper', 'old program', 'new program']],
  ['adopted', ['keeper', 'old program', 'new program']],
  ['draining', ['keeper', 'old program', 'new program']],
  ['drained', ['keeper', 'old program', 'new program']],
  // The old program has ended, and the new one owns the state.
  ['owner', ['keeper', 'new program']],
];
const CASES = STEPS.flatMap(([step, sides]) =>
  sides.flatMap((side) => (['kill', 'suspend'] as const).map((action) => [action, side, step] as const)),
);

beforeEach((ctx) => {
  need(ctx, whyNoInheritance);
  need(ctx, whyNoCompiler());
});

describe('a reload under load, with a third process that tries to start', () => {
  test.each(CASES)(`${KILLS} times: %s the %s at the step '%s'`, PATIENT, async (action, side, step) => {
    let kept = await KeptProgram.start(FLAGS, { program: 'witnessed' });
    const third = startThirdStarter(kept.directory, kept.port);
    let load = await startClients(kept);
    for (let round = 0; round < KILLS; round++) {
      const disturbance = { action, side, step, kills: action === 'kill' || round % 2 === 0 };
      const serving = await disturbedReload(kept, disturbance);
      await answersAgain(load);
      if (side !== 'keeper' || !disturbance.kills) continue;
      // No process can keep the lock for the next keeper, and the third one may win it.
      checkClients(await load.end(), side);
      await third.pause();
      await killed(serving);
      kept = await KeptProgram.start(FLAGS, { program: 'witnessed', directory: kept.directory, port: kept.port });
      third.resume();
      load = await startClients(kept);
    }
    checkClients(await load.end(), side);
    expect(await third.end()).toBe(0);
    expect(kept.log.doubles()).toBe('');
  });
});

const startClients = ({ port }: KeptProgram) => startLoad({ port, intervalUs: 10_000 });

function checkClients(report: LoadReport, side: Side): void {
  // A program that is killed resets the connections that it has accepted.
  if (side !== 'old program') expect(failures(report)).toEqual(NO_FAILURES);
  expect(report).toMatchObject({ refused: 0, hung: 0, other: 0 });
}

interface Disturbance {
  readonly action: Action;
  readonly side: Side;
  readonly step: string;
  /** False if a suspended process is continued. */
  readonly kills: boolean;
}

/** Reloads once, and disturbs one side at the step. Returns the pid of the program that serves then. */
async function disturbedReload(kept: KeptProgram, { action, side, step, kills }: Disturbance): Promise<number> {
  const { log, keeper } = kept;
  const old = kept.record()!.pid;
  log.begin();
  log.hold(step);
  process.kill(keeper, 'SIGHUP');
  const { pid: next } = await log.until('started');
  await log.until(step);
  const victim = { keeper, 'old program': old, 'new program': next }[side];
  if (action === 'suspend') await suspended(victim);
  if (kills) await killed(victim);
  else if (action === 'suspend') await sleep(SUSPENDED_MS);
  log.release(step);
  if (action === 'suspend' && !kills) {
    await sleep(SUSPENDED_MS);
    process.kill(victim, 'SIGCONT');
  }
  return kills ? servingAfterKill(kept, { side, step, old, next }) : (await log.until('serving', next)).pid;
}

interface Killed {
  readonly side: Side;
  readonly step: string;
  readonly old: number;
  readonly next: number;
}

async function servingAfterKill(kept: KeptProgram, { side, step, old, next }: Killed): Promise<number> {
  const isOldTold = step !== 'started' && step !== 'adopted';
  if (side === 'keeper' && !isOldTold) {
    // The new program waits behind the old one, which no process has told to end.
    expect(await kept.servingPid(60_000)).toBe(old);
    process.kill(old, 'SIGTERM');
  }
  if (side !== 'new program') return (await kept.log.until('serving', next)).pid;
  // The old program drains, or has ended. Then the keeper starts a third one.
  if (isOldTold) return (await kept.log.until('serving')).pid;
  const keptPid = () => kept.record()?.upgrade?.phase === 'kept' && kept.record()!.upgrade!.pid;
  await until(() => keptPid() === next, 'the end of the reload', 60_000);
  return old;
}
