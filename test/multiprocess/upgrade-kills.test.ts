// Kills and suspends the old gateway or its successor at each step of an upgrade. While one of the
// two lives, no client is refused, no third process becomes a gateway, and there are never two.
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { need, whyNoInheritance } from '../support/capabilities.js';
import { answersAgain, failures, NO_FAILURES, startLoad, startThirdStarter, whyNoCompiler } from '../support/load.js';
import { KILLS } from '../support/rounds.js';
import { killed, suspended } from '../support/stopping.js';
import { UpgradingGateway } from '../support/upgrading-gateway.js';

/** A test must not fail because a busy machine is slow. */
const PATIENT = { timeout: 60_000 + KILLS * 30_000 };
/** Milliseconds for which a process is suspended. */
const SUSPENDED_MS = 20;

type Side = 'old gateway' | 'successor';
type Action = 'kill' | 'suspend';

/** The steps at which each side can be stopped, in their order (test/fixtures/upgrading-gateway.mjs). */
const STEPS: readonly (readonly [step: string, sides: readonly Side[]])[] = [
  ['started', ['old gateway', 'successor']],
  ['adopted', ['old gateway', 'successor']],
  ['draining', ['old gateway', 'successor']],
  ['drained', ['old gateway', 'successor']],
  // The old gateway has left. If the successor dies now, the gateway is gone, as after any crash.
  ['upgraded', ['old gateway']],
];
const CASES = STEPS.flatMap(([step, sides]) =>
  sides.flatMap((side) => (['kill', 'suspend'] as const).map((action) => [action, side, step] as const)),
);

beforeEach((ctx) => {
  need(ctx, whyNoInheritance);
  need(ctx, whyNoCompiler());
});

describe('an upgrade under load, with a third process that tries to start', () => {
  test.each(CASES)(`${KILLS} times: %s the %s at the step '%s'`, PATIENT, async (action, side, step) => {
    const gateway = await UpgradingGateway.start();
    const load = await startLoad({ port: gateway.port, intervalUs: 10_000 });
    const third = startThirdStarter(gateway.directory, gateway.port);
    for (let round = 0; round < KILLS; round++) {
      await disturbedUpgrade(gateway, { action, side, step, kills: action === 'kill' || round % 2 === 0 });
      await answersAgain(load);
    }
    const report = await load.end();
    // A process that is killed resets the connections that it has accepted.
    if (side === 'successor') expect(failures(report)).toEqual(NO_FAILURES);
    expect(report).toMatchObject({ refused: 0, hung: 0, other: 0 });
    expect(await third.end()).toBe(0);
    expect(gateway.doubles()).toBe('');
  });
});

interface Disturbance {
  readonly action: Action;
  readonly side: Side;
  readonly step: string;
  /** False if a suspended process is continued. */
  readonly kills: boolean;
}

/** Upgrades once, and disturbs one side at the step. Waits for the outcome. */
async function disturbedUpgrade(gateway: UpgradingGateway, { action, side, step, kills }: Disturbance): Promise<void> {
  gateway.hold(step);
  const old = gateway.startUpgrade();
  const { pid: successor } = await gateway.until('started');
  await gateway.until(step);
  const victim = side === 'successor' ? successor : old;
  if (action === 'suspend') {
    await suspended(victim);
    await sleep(SUSPENDED_MS);
  }
  if (kills) await killed(victim);
  gateway.release(step);
  if (action === 'suspend' && !kills) {
    await sleep(SUSPENDED_MS);
    process.kill(victim, 'SIGCONT');
  }
  if (kills && side === 'successor') await gateway.until('kept', old);
  else await gateway.until('serving', successor);
}
