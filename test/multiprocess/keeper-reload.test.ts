// `gateway-lock run --reload-on`: a new program takes the place of the old one, and no client is
// refused.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { need, whyNoInheritance, whyNoPython } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { hasEnded, KeptProgram, type PROGRAMS } from '../support/kept-program.js';
import { failures, NO_FAILURES, startLoad, startThirdStarter, whyNoCompiler } from '../support/load.js';
import { RESTARTS } from '../support/rounds.js';
import { until } from '../support/until.js';

beforeEach((ctx) => {
  need(ctx, whyNoInheritance);
  need(ctx, whyNoCompiler());
});

/** Clients that may wait for their answers when the next reload begins. */
const FEW_CLIENTS = 50;
const KINDS = [
  ['gateway', null],
  ['node', null],
  ['python', whyNoPython],
] as const satisfies readonly (readonly [keyof typeof PROGRAMS, string | null])[];

test(`${RESTARTS} reloads of a gateway refuse and reset no connection, and no third starter wins`, {
  timeout: 60_000 + RESTARTS * 5000,
}, async () => {
  const kept = await KeptProgram.start(['--reload-on', 'SIGHUP']);
  const load = await startLoad({ port: kept.port, webSockets: 0 });
  const third = startThirdStarter(kept.directory, kept.port);
  for (let reload = 0; reload < RESTARTS; reload++) {
    await kept.reload();
    // On a busy machine the clients would otherwise arrive faster than they are served.
    await until(async () => (await load.report()).open < FEW_CLIENTS, 'the answers', 60_000);
  }
  const report = await load.end();
  expect(failures(report)).toEqual(NO_FAILURES);
  expect(report.answered).toBeGreaterThan(RESTARTS);
  expect(await third.end()).toBe(0);
});

describe.each(KINDS)('a reload of the program %s', (program, missing) => {
  test('refuses and resets no connection', async (ctx) => {
    need(ctx, missing);
    const kept = await KeptProgram.start(['--reload-on', 'SIGHUP', '--grace', '30000'], { program });
    const load = await startLoad({ port: kept.port, webSockets: 0, intervalUs: 5000 });
    const first = await kept.servingPid(10_000);
    for (let reload = 0; reload < 3; reload++) await kept.reload();
    expect(await kept.waitForOther(first!)).toBe(kept.record()!.pid);
    // A program that knows nothing of draining may cut the requests that it has accepted.
    const report = await load.end();
    expect(report.refused).toBe(0);
    if (program !== 'python') expect(failures(report)).toEqual(NO_FAILURES);
    expect(hasEnded(first!)).toBe(true);
  });
});

describe('a reload that fails keeps the old program', () => {
  async function failing(behaviour: string, ...flags: string[]) {
    const kept = await KeptProgram.start(['--reload-on', 'SIGHUP', '--grace', '200', ...flags]);
    const old = kept.record()!.pid;
    const load = await startLoad({ port: kept.port, webSockets: 0 });
    writeFileSync(join(kept.directory, behaviour), '');
    kept.run.child.kill('SIGHUP');
    const { pid, reason } = await kept.phase('kept');
    rmSync(join(kept.directory, behaviour));
    expect(hasEnded(pid)).toBe(true);
    expect([kept.record()!.pid, await kept.servingPid()]).toEqual([old, old]);
    expect(failures(await load.end())).toEqual(NO_FAILURES);
    return { kept, old, reason, err: kept.run.err };
  }

  test('the new program exits', async () => {
    const { kept, old, reason, err } = await failing('exit');
    expect(reason).toBe('exited');
    expect(await kept.reload()).not.toBe(old);
    expect(err).toMatch(
      /^gateway-lock: reload failed: the new program \(pid \d+\) ended with exit code 3 before it served; the old program keeps running\n/m,
    );
  });

  test('the new program is not ready in time', async () => {
    const { reason, err } = await failing('hang', '--ready-timeout', '1000');
    expect(reason).toBe('timed-out');
    expect(err).toContain('was not ready within 1000 ms; the old program keeps running');
  });

  test('the new program asks for the lock of another directory', async () => {
    const { reason } = await failing('other-state');
    expect(reason).toBe('exited');
  });
});

test('a reload that cannot create NOTIFY_SOCKET keeps the old program', async () => {
  const tmp = join(freshDirectory(), 'tmp');
  mkdirSync(tmp);
  const kept = await KeptProgram.start(['--reload-on', 'SIGHUP'], { env: { TMPDIR: tmp } });
  const old = kept.record()!.pid;
  renameSync(tmp, `${tmp}-away`);
  kept.run.child.kill('SIGHUP');
  await until(() => kept.run.err.includes('reload failed'), 'the report');
  expect(kept.run.err).toMatch(
    /^gateway-lock: ENOENT: .*mkdtemp.*\ngateway-lock: reload failed: the new program could not be started; the old program keeps running\n$/,
  );
  expect(await kept.servingPid()).toBe(old);
  renameSync(`${tmp}-away`, tmp);
  expect(await kept.reload()).not.toBe(old);
});

describe('a program that dies during a reload', () => {
  test('the old program: the new one serves, and no connection is refused', async () => {
    const kept = await KeptProgram.start(['--reload-on', 'SIGHUP']);
    const old = kept.record()!.pid;
    const load = await startLoad({ port: kept.port, webSockets: 0 });
    kept.run.child.kill('SIGHUP');
    const { pid } = await kept.phase('starting');
    process.kill(old, 'SIGKILL');
    expect(await kept.waitForOther(old)).toBe(pid);
    expect((await load.end()).refused).toBe(0);
  });

  test('the new program while the old one drains: a third program serves', async () => {
    const kept = await KeptProgram.start(['--reload-on', 'SIGHUP', '--grace', '2000'], { program: 'gateway' });
    const old = kept.record()!.pid;
    process.kill(old, 'SIGSTOP');
    kept.run.child.kill('SIGHUP');
    const { pid } = await kept.phase('draining');
    process.kill(pid, 'SIGKILL');
    await until(() => hasEnded(old), 'the end of the old program', 20_000);
    const third = await kept.waitForOther(old);
    expect([old, pid]).not.toContain(third);
  });
});

test('a second reload during the first is ignored and reported', async () => {
  const kept = await KeptProgram.start(['--reload-on', 'SIGHUP', '--grace', '200']);
  writeFileSync(join(kept.directory, 'hang'), '');
  kept.run.child.kill('SIGHUP');
  await kept.phase('starting');
  kept.run.child.kill('SIGHUP');
  await until(() => kept.run.err.includes('reload ignored'), 'the report');
  expect(kept.run.err).toBe(
    'gateway-lock: reload ignored: the program of the last reload is still starting or ending\n',
  );
});
