import { createServer, type RequestListener } from 'node:http';
import { describe, expect, test } from 'vitest';
import { probeHealth, probePort, type Supervisor } from '../../src/index.js';
import { type Actor, startActor } from '../support/actors.js';
import { need, whyNoSignals } from '../support/capabilities.js';
import { listening } from '../support/listeners.js';
import { freePort, freshDirectory, until } from '../support/places.js';

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

async function place(): Promise<Options> {
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

/** Waits for nothing but its first decision. */
async function startDuplicate(options: Options, supervised: object, first?: string): Promise<Duplicate> {
  const actor = await startActor();
  const outcome = actor.call<Outcome>('supervised', options, supervised);
  outcome.catch(() => {});
  if (first !== undefined) await until(() => actor.decisions[0]?.decision === first, `it has decided to ${first}`);
  return { actor, outcome };
}

/** Long beside what the tests do, so that a takeover which came with the next try would be noticed. */
const patient = { retryDelayMs: 40_000, budgetMs: 120_000 };
const impatient = { retryDelayMs: 100, budgetMs: 1500, health: { timeoutMs: 300 } };

async function isUntouched(holder: Actor, { port }: Options): Promise<void> {
  expect(await holder.call('verify', 'gateway')).toBe(true);
  expect(await probePort({ port })).toMatchObject({ state: 'listening', pid: holder.pid });
  expect(await probeHealth({ port })).toMatchObject({ healthy: true });
}

describe('a healthy gateway is left in control by a duplicate', () => {
  test.each<[Supervisor, number]>([
    ['systemd', 78],
    ['launchd', 0],
    ['schtasks', 0],
    ['external', 0],
  ])('under %s, which is told so with %d', async (supervisor, exitCode) => {
    const options = await place();
    const holder = await startGateway(options);
    const { outcome } = await startDuplicate(options, { supervisor });
    expect(await outcome).toMatchObject({
      outcome: 'duplicate',
      exitCode,
      owner: { pid: holder.pid },
      decisions: ['leave'],
    });
    await isUntouched(holder, options);
  });

  test('and without a supervisor the duplicate fails as ever', async () => {
    const options = await place();
    const holder = await startGateway(options);
    const { outcome } = await startDuplicate(options, { supervisor: null });
    await expect(outcome).rejects.toMatchObject({
      code: 'ERR_GATEWAY_PORT_IN_USE',
      owner: { pid: holder.pid },
      exitCode: 1,
    });
    await isUntouched(holder, options);
  });

  test('which listens on another port than the duplicate would', async () => {
    const options = await place();
    const holder = await startGateway(options);
    const other = { ...options, port: await freePort() };
    const { outcome } = await startDuplicate(other, { supervisor: 'systemd', budgetMs: 4000 });
    expect(await outcome).toMatchObject({ exitCode: 78, owner: { pid: holder.pid } });
  });

  const fifty = { timeout: 240_000 };
  test(
    'fifty times over, at most four at a time: each ends once with 78, none loops, and nothing happens to it',
    fifty,
    async () => {
      const options = await place();
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
      await isUntouched(holder, options);
    },
  );
});

describe('a gateway that does not become healthy is an error with exit code 1, and keeps what it has', () => {
  const failed = (holder: Actor) => ({
    exitCode: 1,
    owner: { pid: holder.pid },
    message: expect.stringMatching(/; existing gateway did not become healthy after 1500ms$/),
  });

  test('one that is stopped (SIGSTOP), and that is well when it goes on', async (ctx) => {
    need(ctx, whyNoSignals);
    const options = await place();
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
    await isUntouched(holder, options);
  });

  test('one that answers, and not well', async () => {
    const options = await place();
    const holder = await startGateway(options, '{"ok":false,"status":"starting"}');
    const { outcome } = await startDuplicate(options, { supervisor: 'launchd', ...impatient });
    await expect(outcome).rejects.toMatchObject({ ...failed(holder), code: 'ERR_GATEWAY_LOCKED' });
    expect(await holder.call('verify', 'gateway')).toBe(true);
  });

  test('one that holds the lock and never listens', async () => {
    const options = await place();
    const holder = await startActor();
    await holder.call('gateway', { ...options, bind: false });
    const { outcome } = await startDuplicate(options, { supervisor: 'schtasks', ...impatient });
    await expect(outcome).rejects.toMatchObject({
      ...failed(holder),
      code: 'ERR_GATEWAY_LOCKED',
      hint: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('one without a port, where any port was asked for', async () => {
    const options = await place();
    const holder = await startActor();
    await holder.call('gateway', { ...options, bind: false });
    const { outcome } = await startDuplicate({ ...options, port: 0 }, { supervisor: 'systemd', ...impatient });
    await expect(outcome).rejects.toMatchObject({ ...failed(holder), code: 'ERR_GATEWAY_LOCKED' });
  });
});

describe('during the wait', () => {
  test('a gateway that becomes healthy is left in control', async () => {
    const options = await place();
    const holder = await startGateway(options, null);
    const supervised = { supervisor: 'systemd', ...patient, retryDelayMs: 200, health: { timeoutMs: 300 } };
    const { outcome } = await startDuplicate(options, supervised, 'retry');
    await holder.call('serve');
    expect(await outcome).toMatchObject({ outcome: 'duplicate', exitCode: 78, owner: { pid: holder.pid } });
    await isUntouched(holder, options);
  });

  test('a gateway that is killed is succeeded at once, not with the next try', async () => {
    const options = await place();
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
    await isUntouched(actor, options);
  });

  test('a stopped gateway (SIGSTOP) that is killed is succeeded at once', async () => {
    const options = await place();
    const holder = await startGateway(options);
    await holder.hang();
    const { actor, outcome } = await startDuplicate(options, { supervisor: 'systemd', ...patient }, 'retry');
    await holder.kill('SIGKILL');
    expect(await outcome).toMatchObject({ outcome: 'started' });
    await actor.call('serve');
    await isUntouched(actor, options);
  });

  test('a gateway that closes in good order is succeeded at once, and leaves nothing to reclaim', async () => {
    const options = await place();
    const holder = await startGateway(options, '<html>');
    const { outcome } = await startDuplicate(options, { supervisor: 'systemd', ...patient }, 'retry');
    await holder.call('close', { graceMs: 0 });
    const { gateway } = (await outcome) as { gateway: { reclaimed: string | null } };
    expect(gateway.reclaimed).toBeNull();
  });

  test('of several duplicates one succeeds the gateway, and the others leave that one in control', async () => {
    const options = await place();
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

describe('a web server of a stranger on the port, with no lock', () => {
  test.each<[string, RequestListener, string]>([
    ['that says 404', (_, response) => response.writeHead(404).end(LIVE), 'status 404 is not 200'],
    ['that sends HTML', (_, response) => response.end('<html>It works!</html>'), 'the answer is not JSON'],
  ])('%s is not healthy: an error after the budget', async (_, answers, reason) => {
    const options = await place();
    await listening(createServer(answers), { port: options.port });
    const { actor, outcome } = await startDuplicate(options, { supervisor: 'systemd', ...impatient });
    await expect(outcome).rejects.toMatchObject({
      code: 'ERR_GATEWAY_PORT_IN_USE',
      exitCode: 1,
      owner: null,
      hint: expect.stringContaining(reason),
    });
    // At 0, 0, 100 ... 1200 ms.
    expect(actor.decisions.length).toBeGreaterThan(2);
    expect(actor.decisions.length).toBeLessThan(17);
  });

  test('that goes away makes room, with the next try', async () => {
    const options = await place();
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

  test('that says what a healthy gateway says is left in control: it names no owner', async () => {
    const options = await place();
    await listening(
      createServer((_, response) => response.end(LIVE)),
      { port: options.port },
    );
    const { outcome } = await startDuplicate(options, { supervisor: 'systemd' });
    expect(await outcome).toMatchObject({ outcome: 'duplicate', exitCode: 78, owner: null });
  });
});

describe('a duplicate that is parked', () => {
  const parked = { supervisor: 'launchd', park: true, retryDelayMs: 40_000, budgetMs: 1000 };

  test('takes over when the gateway is killed, five times over', async () => {
    const options = await place();
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
      await isUntouched(actor, options);
      holder = actor;
    }
  });

  test('waits longer than the budget, also behind a gateway that has stopped answering', async () => {
    const options = await place();
    const holder = await startGateway(options);
    const { actor, outcome } = await startDuplicate(options, parked, 'park');
    await holder.hang();
    await Promise.race([outcome, new Promise((resolve) => setTimeout(resolve, 2 * parked.budgetMs))]);
    expect(actor.decisions.map(({ decision }) => decision)).toEqual(['park']);
    await holder.kill('SIGKILL');
    expect(await outcome).toMatchObject({ outcome: 'started' });
  });

  test('can be killed, and the gateway does not notice', async () => {
    const options = await place();
    const holder = await startGateway(options);
    const { actor } = await startDuplicate(options, parked, 'park');
    await actor.kill('SIGKILL');
    await isUntouched(holder, options);
  });
});
