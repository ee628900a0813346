import { createServer, type RequestListener } from 'node:http';
import { describe, expect, test } from 'vitest';
import { probeHealth, probePort, type Supervisor } from '../../src/index.js';
import { type Actor, startActor } from '../support/actors.js';
import { need, whyNoSignals } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { listening } from '../support/listeners.js';
import { until } from '../support/until.js';

const LIVE = '{"ok":true,"status":"live"}';

interface Options {
  readonly stateDir: string;
  readonly port: number;
  readonly env: object;
}

interface Outcome {
  readonly outcome: string;
  readonly exitCode?: number;
  readonly owner?: { readonly pid: number };
  readonly gateway?: { readonly port: number; readonly reclaimed: string | null };
  readonly decisions: string[];
}

async function freshOptions(): Promise<Options> {
  return { stateDir: freshDirectory(), port: await freePort(), env: {} };
}

async function startGateway(options: Options, body: string | null = LIVE): Promise<Actor> {
  const actor = await startActor();
  await actor.call('gateway', options);
  if (body !== null) await actor.call('serve', body);
  return actor;
}

interface Duplicate {
  readonly actor: Actor;
  readonly outcome: Promise<Outcome>;
}

/**
 * Starts a supervised gateway beside a running gateway. Resolves after the first decision of the
 * start, if the caller expects a decision.
 */
async function startDuplicate(options: Options, supervised: object, first?: string): Promise<Duplicate> {
  const actor = await startActor();
  const outcome = actor.call<Outcome>('supervised', options, supervised);
  outcome.catch(() => {});
  if (first !== undefined) await until(() => actor.decisions[0]?.decision === first, `the decision is ${first}`);
  return { actor, outcome };
}

/**
 * Options with long delays, which make an immediate start distinguishable from a start in the next
 * attempt.
 */
const patient = { retryDelayMs: 40_000, budgetMs: 120_000 };
const impatient = { retryDelayMs: 100, budgetMs: 1500, health: { timeoutMs: 300 } };

async function expectUntouched(holder: Actor, { port }: Options): Promise<void> {
  expect(await holder.call('verify', 'gateway')).toBe(true);
  expect(await probePort({ port })).toMatchObject({ state: 'listening', pid: holder.pid });
  expect(await probeHealth({ port })).toMatchObject({ healthy: true });
}

describe('a duplicate of a healthy gateway', () => {
  test.each<[Supervisor, number]>([
    ['systemd', 78],
    ['launchd', 0],
    ['schtasks', 0],
    ['external', 0],
  ])('a duplicate under %s ends with exit code %d', async (supervisor, exitCode) => {
    const options = await freshOptions();
    const holder = await startGateway(options);
    const { outcome } = await startDuplicate(options, { supervisor });
    expect(await outcome).toMatchObject({
      outcome: 'duplicate',
      exitCode,
      owner: { pid: holder.pid },
      decisions: ['leave'],
    });
    await expectUntouched(holder, options);
  });

  test('a duplicate of a healthy gateway fails without a supervisor', async () => {
    const options = await freshOptions();
    const holder = await startGateway(options);
    const { outcome } = await startDuplicate(options, { supervisor: null });
    await expect(outcome).rejects.toMatchObject({
      code: 'ERR_GATEWAY_PORT_IN_USE',
      owner: { pid: holder.pid },
      exitCode: 1,
    });
    await expectUntouched(holder, options);
  });

  test('a duplicate of a healthy gateway ends with exit code 78 even if its port is another', async () => {
    const options = await freshOptions();
    const holder = await startGateway(options);
    const other = { ...options, port: await freePort() };
    const { outcome } = await startDuplicate(other, { supervisor: 'systemd', budgetMs: 4000 });
    expect(await outcome).toMatchObject({ exitCode: 78, owner: { pid: holder.pid } });
  });

  const slow = { timeout: 240_000 };
  test(
    'a duplicate of a healthy gateway ends with exit code 78 and does not disturb the gateway, even if 50 duplicates start, four at a time',
    slow,
    async () => {
      const options = await freshOptions();
      const holder = await startGateway(options);
      for (let round = 0; round < 13; round++) {
        const size = Math.min(4, 50 - round * 4);
        const started = await Promise.all(
          Array.from({ length: size }, () => startDuplicate(options, { supervisor: 'systemd' })),
        );
        for (const { actor, outcome } of started) {
          expect(await outcome).toMatchObject({ exitCode: 78, owner: { pid: holder.pid }, decisions: ['leave'] });
          await actor.call('exit', 78);
          expect(await actor.exited).toEqual({ code: 78, signal: null });
        }
      }
      await expectUntouched(holder, options);
    },
  );
});

describe('a supervised start beside an unhealthy gateway', () => {
  const failed = (holder: Actor) => ({
    exitCode: 1,
    owner: { pid: holder.pid },
    message: expect.stringMatching(/; existing gateway did not become healthy after 1500ms$/),
  });

  test('a supervised start fails with exit code 1 beside a suspended gateway (SIGSTOP), which is healthy after SIGCONT', async (ctx) => {
    need(ctx, whyNoSignals);
    const options = await freshOptions();
    const holder = await startGateway(options);
    process.kill(holder.pid, 'SIGSTOP');
    const { actor, outcome } = await startDuplicate(options, { supervisor: 'systemd', ...impatient });
    await expect(outcome).rejects.toMatchObject({
      ...failed(holder),
      hint: expect.stringContaining('no complete answer within 300 ms'),
    });
    expect(actor.decisions.at(-1)).toMatchObject({ decision: 'give-up' });
    expect(actor.decisions.length).toBeLessThan(16);
    process.kill(holder.pid, 'SIGCONT');
    await expectUntouched(holder, options);
  });

  test('a supervised start fails with exit code 1 beside a gateway that reports that it is not healthy', async () => {
    const options = await freshOptions();
    const holder = await startGateway(options, '{"ok":false,"status":"starting"}');
    const { outcome } = await startDuplicate(options, { supervisor: 'launchd', ...impatient });
    await expect(outcome).rejects.toMatchObject({ ...failed(holder), code: 'ERR_GATEWAY_LOCKED' });
    expect(await holder.call('verify', 'gateway')).toBe(true);
  });

  test('a supervised start fails with exit code 1 beside a gateway that holds the lock but never listens', async () => {
    const options = await freshOptions();
    const holder = await startActor();
    await holder.call('gateway', { ...options, bind: false });
    const { outcome } = await startDuplicate(options, { supervisor: 'schtasks', ...impatient });
    await expect(outcome).rejects.toMatchObject({
      ...failed(holder),
      code: 'ERR_GATEWAY_LOCKED',
      hint: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('a supervised start fails with exit code 1 beside a gateway without a port if the options name port 0', async () => {
    const options = await freshOptions();
    const holder = await startActor();
    await holder.call('gateway', { ...options, bind: false });
    const { outcome } = await startDuplicate({ ...options, port: 0 }, { supervisor: 'systemd', ...impatient });
    await expect(outcome).rejects.toMatchObject({ ...failed(holder), code: 'ERR_GATEWAY_LOCKED' });
  });
});

describe('a supervised start that waits for a running gateway', () => {
  test('a supervised start that waits for a running gateway ends with exit code 78 when the running gateway becomes healthy', async () => {
    const options = await freshOptions();
    const holder = await startGateway(options, null);
    const supervised = { supervisor: 'systemd', ...patient, retryDelayMs: 200, health: { timeoutMs: 300 } };
    const { outcome } = await startDuplicate(options, supervised, 'retry');
    await holder.call('serve');
    expect(await outcome).toMatchObject({ outcome: 'duplicate', exitCode: 78, owner: { pid: holder.pid } });
    await expectUntouched(holder, options);
  });

  test('a supervised start that waits for a running gateway succeeds at once, not in the next attempt, when the running gateway is killed', async () => {
    const options = await freshOptions();
    const holder = await startGateway(options, '<html>');
    const { actor, outcome } = await startDuplicate(options, { supervisor: 'systemd', ...patient }, 'retry');
    const started = performance.now();
    await holder.kill('SIGKILL');
    expect(await outcome).toMatchObject({
      outcome: 'started',
      gateway: { port: options.port, reclaimed: 'owner-gone' },
      decisions: ['retry'],
    });
    expect(performance.now() - started).toBeLessThan(patient.retryDelayMs / 2);
    await actor.call('serve');
    await expectUntouched(actor, options);
  });

  test('a supervised start that waits for a running gateway succeeds at once when a suspended gateway (SIGSTOP) is killed', async () => {
    const options = await freshOptions();
    const holder = await startGateway(options);
    await holder.hang();
    const { actor, outcome } = await startDuplicate(options, { supervisor: 'systemd', ...patient }, 'retry');
    await holder.kill('SIGKILL');
    expect(await outcome).toMatchObject({ outcome: 'started' });
    await actor.call('serve');
    await expectUntouched(actor, options);
  });

  test('a supervised start that waits for a running gateway succeeds at once, with nothing to reclaim, when the running gateway closes', async () => {
    const options = await freshOptions();
    const holder = await startGateway(options, '<html>');
    const { outcome } = await startDuplicate(options, { supervisor: 'systemd', ...patient }, 'retry');
    await holder.call('close', { graceMs: 0 });
    const { gateway } = (await outcome) as { gateway: { reclaimed: string | null } };
    expect(gateway.reclaimed).toBeNull();
  });

  test('a supervised start that waits for a running gateway succeeds in one of several processes when the running gateway is killed, and ends with exit code 78 in the others', async () => {
    const options = await freshOptions();
    const holder = await startGateway(options, '<html>');
    const supervised = { supervisor: 'systemd', ...patient, retryDelayMs: 500 };
    const duplicates = await Promise.all([1, 2, 3].map(() => startDuplicate(options, supervised, 'retry')));
    await holder.kill('SIGKILL');
    const winner = await Promise.race(duplicates.map(async ({ actor, outcome }) => ({ actor, ...(await outcome) })));
    expect(winner.outcome).toBe('started');
    await winner.actor.call('serve');
    const outcomes = await Promise.all(duplicates.map(({ outcome }) => outcome));
    const others = outcomes.filter(({ outcome }) => outcome !== 'started');
    expect(others).toHaveLength(2);
    for (const other of others) expect(other).toMatchObject({ exitCode: 78, owner: { pid: winner.actor.pid } });
  });
});

describe('a supervised start and another web server on its port', () => {
  test.each<[string, RequestListener, string]>([
    ['returns 404', (_, response) => response.writeHead(404).end(LIVE), 'status 404 is not 200'],
    ['sends HTML', (_, response) => response.end('<html>It works!</html>'), 'the answer is not JSON'],
  ])('fails when its budget ends if a web server without a lock %s', async (_, handler, reason) => {
    const options = await freshOptions();
    await listening(createServer(handler), { port: options.port });
    const { actor, outcome } = await startDuplicate(options, { supervisor: 'systemd', ...impatient });
    await expect(outcome).rejects.toMatchObject({
      code: 'ERR_GATEWAY_PORT_IN_USE',
      exitCode: 1,
      owner: null,
      hint: expect.stringContaining(reason),
    });
    // The start makes attempts at 0, 0, 100 ... 1200 ms.
    expect(actor.decisions.length).toBeGreaterThan(2);
    expect(actor.decisions.length).toBeLessThan(17);
  });

  test('succeeds in the next attempt after the web server has ended', async () => {
    const options = await freshOptions();
    const { server } = await listening(
      createServer((_, response) => response.end('no')),
      { port: options.port },
    );
    const { outcome } = await startDuplicate(
      options,
      { supervisor: 'systemd', ...patient, retryDelayMs: 100 },
      'retry',
    );
    server.close();
    expect(await outcome).toMatchObject({ outcome: 'started', gateway: { port: options.port } });
  });

  test('a supervised start ends with exit code 78, without an owner, if the web server reports that it is healthy', async () => {
    const options = await freshOptions();
    await listening(
      createServer((_, response) => response.end(LIVE)),
      { port: options.port },
    );
    const { outcome } = await startDuplicate(options, { supervisor: 'systemd' });
    expect(await outcome).toMatchObject({ outcome: 'duplicate', exitCode: 78, owner: null });
  });
});

describe('a parked duplicate', () => {
  const parked = { supervisor: 'launchd', park: true, retryDelayMs: 40_000, budgetMs: 1000 };

  test('a parked duplicate starts when the running gateway is killed, five times in succession', async () => {
    const options = await freshOptions();
    let holder = await startGateway(options);
    for (let round = 0; round < 5; round++) {
      const { actor, outcome } = await startDuplicate(options, parked, 'park');
      await holder.kill('SIGKILL');
      expect(await outcome).toMatchObject({
        outcome: 'started',
        gateway: { reclaimed: 'owner-gone' },
        decisions: ['park'],
      });
      await actor.call('serve');
      await expectUntouched(actor, options);
      holder = actor;
    }
  });

  test('a parked duplicate waits longer than its budget, even if the running gateway hangs', async () => {
    const options = await freshOptions();
    const holder = await startGateway(options);
    const { actor, outcome } = await startDuplicate(options, parked, 'park');
    await holder.hang();
    await Promise.race([outcome, new Promise((resolve) => setTimeout(resolve, 2 * parked.budgetMs))]);
    expect(actor.decisions.map(({ decision }) => decision)).toEqual(['park']);
    await holder.kill('SIGKILL');
    expect(await outcome).toMatchObject({ outcome: 'started' });
  });

  test('a parked duplicate can be killed without disturbing the running gateway', async () => {
    const options = await freshOptions();
    const holder = await startGateway(options);
    const { actor } = await startDuplicate(options, parked, 'park');
    await actor.kill('SIGKILL');
    await expectUntouched(holder, options);
  });
});
