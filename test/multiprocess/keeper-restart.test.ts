// `gateway-lock run --restart` and `--standby`: clients wait while programs die and start, and no
// third process wins the lock while a program lives.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { probePort } from '../../src/index.js';
import { need, whyNoInheritance, whyNoPython } from '../support/capabilities.js';
import { gatewayLock, isAlive, printedPid, start } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { hasEnded, KeptProgram } from '../support/kept-program.js';
import { startLoad, startThirdStarter, whyNoCompiler } from '../support/load.js';
import { until } from '../support/until.js';

beforeEach((ctx) => need(ctx, whyNoInheritance));

describe.each([
  ['gateway', null],
  ['node', null],
  ['python', whyNoPython],
] as const)('kill -9 of the program %s', (program, missing) => {
  test('refuses no connection', async (ctx) => {
    need(ctx, missing ?? whyNoCompiler());
    const kept = await KeptProgram.start(['--restart', 'on-failure'], { program });
    const load = await startLoad({ port: kept.port, webSockets: 0 });
    for (let kill = 0; kill < 3; kill++) {
      const pid = (await kept.servingPid(20_000))!;
      process.kill(pid, 'SIGKILL');
      expect(await kept.waitForOther(pid)).toBe(kept.record()!.pid);
    }
    expect((await load.end()).refused).toBe(0);
    expect(kept.run.err).toContain('gateway-lock: the program ended by SIGKILL; starting it again in 100 ms\n');
  });
});

describe('the end of a kept program', () => {
  const FAILING = ['sh', '-c', 'echo started; sleep 60 >/dev/null 2>&1 & exit 7'];

  test('run gives up after --max-restarts, with the exit code of the program, and clients are refused at once', async () => {
    const home = freshDirectory();
    const port = await freePort();
    const flags = ['--restart', 'always', '--restart-delay', '10', '--max-restarts', '2'];
    const { code, out, err } = await gatewayLock(['run', '--port', String(port), ...flags, '--', ...FAILING], { home });
    expect([code, out]).toEqual([7, 'started\n'.repeat(3)]);
    expect(err.match(/starting it again in \d+ ms/g)).toEqual([
      'starting it again in 10 ms',
      'starting it again in 20 ms',
    ]);
    expect(await probePort({ port })).toMatchObject({ state: 'free' });
  });

  test('a background process keeps neither the lock nor the port', async () => {
    const home = freshDirectory();
    const port = await freePort();
    const program = ['sh', '-c', 'sleep 60 >/dev/null 2>&1 & echo $!'];
    const run = start(['run', '--port', String(port), '--', ...program], { home });
    const left = await printedPid(run);
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(isAlive(left)).toBe(true);
    expect(await probePort({ port })).toMatchObject({ state: 'free' });
    const next = await gatewayLock(['run', '--no-wait', '--port', String(port), '--', 'echo', 'next'], { home });
    expect(next).toMatchObject({ code: 0, out: 'next\n' });
  });

  test.each([
    ['no', 1, 1],
    ['on-failure', 0, 1],
    ['always', 0, 2],
  ])('with --restart %s and exit code %i the program runs %i times', async (restart, code, times) => {
    const flags = ['--restart', restart, '--restart-delay', '1', '--max-restarts', '1'];
    const { out } = await gatewayLock(['run', ...flags, '--', 'sh', '-c', `echo run; exit ${code}`]);
    expect(out).toBe('run\n'.repeat(times));
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s to the keeper ends the program for good', async (signal) => {
    const run = start(['run', '--restart', 'always', '--', 'sh', '-c', 'echo $$; exec sleep 60']);
    const pid = await printedPid(run);
    run.child.kill(signal);
    expect(await run.ended).toMatchObject({ code: null, signal, out: `${pid}\n` });
  });

  test('SIGTERM ends the keeper while it waits for the next start', async () => {
    const run = start(['run', '--restart', 'always', '--restart-delay', '60000', '--', 'true']);
    await until(() => run.err.includes('starting it again in 60000 ms'), 'the wait');
    run.child.kill('SIGTERM');
    expect(await run.ended).toMatchObject({ code: null, signal: 'SIGTERM' });
  });
});

describe('a standby', () => {
  test('takes over after kill -9, and a new standby follows', async (ctx) => {
    need(ctx, whyNoCompiler());
    const kept = await KeptProgram.start(['--standby']);
    const load = await startLoad({ port: kept.port, webSockets: 0 });
    for (let kill = 0; kill < 3; kill++) {
      const pid = kept.record()!.pid;
      const standby = await kept.standby();
      process.kill(pid, 'SIGKILL');
      expect(await kept.waitForOther(pid)).toBe(standby);
    }
    expect((await load.end()).refused).toBe(0);
  });

  test('is ended if the program serves instead of waiting', async () => {
    const kept = await KeptProgram.start(['--standby', '--grace', '1000'], { program: 'node' });
    await until(() => kept.run.err.includes('no standby'), 'the report', 60_000);
    expect(kept.run.err).toBe(
      'gateway-lock: no standby: the program must adopt the lock and call ready() of gateway-lock\n',
    );
    expect(await kept.servingPid()).toBe(kept.record()!.pid);
  });

  test('gives way to a reload', async () => {
    const kept = await KeptProgram.start(['--standby', '--reload-on', 'SIGHUP']);
    const standby = await kept.standby();
    expect(await kept.reload()).not.toBe(standby);
    expect(hasEnded(standby)).toBe(true);
    await kept.standby();
  });
});

describe('kill -9 of the keeper', () => {
  /** Checks that `next` serves when `serving` dies, and that no third starter wins before both die. */
  async function expectSuccession(kept: KeptProgram, serving: number, next: number | null): Promise<void> {
    const load = await startLoad({ port: kept.port, webSockets: 0 });
    const third = startThirdStarter(kept.directory, kept.port);
    kept.run.child.kill('SIGKILL');
    await until(() => hasEnded(kept.keeper), 'the end of the keeper');
    rmSync(join(kept.directory, 'hang'), { force: true });
    expect(await kept.servingPid(20_000)).toBe(serving);
    if (next !== null) {
      process.kill(serving, 'SIGKILL');
      expect(await kept.waitForOther(serving)).toBe(next);
    }
    expect([third.wins(), (await load.end()).refused]).toEqual([0, 0]);
    process.kill(next ?? serving, 'SIGKILL');
    await until(() => third.wins() > 0, 'the third starter', 60_000);
    await third.end();
  }

  beforeEach((ctx) => need(ctx, whyNoCompiler()));

  test('while one program serves', async () => {
    const kept = await KeptProgram.start(['--restart', 'always']);
    await expectSuccession(kept, kept.record()!.pid, null);
  });

  test('while a new program starts', async () => {
    const kept = await KeptProgram.start(['--reload-on', 'SIGHUP']);
    const serving = kept.record()!.pid;
    writeFileSync(join(kept.directory, 'hang'), '');
    kept.run.child.kill('SIGHUP');
    const { pid } = await kept.phase('starting');
    await expectSuccession(kept, serving, pid);
  });

  test('while a standby waits', async () => {
    const kept = await KeptProgram.start(['--standby']);
    await expectSuccession(kept, kept.record()!.pid, await kept.standby());
  });

  test('while the old program drains', async () => {
    const kept = await KeptProgram.start(['--reload-on', 'SIGHUP', '--grace', '60000']);
    const old = kept.record()!.pid;
    const third = startThirdStarter(kept.directory, kept.port);
    process.kill(old, 'SIGSTOP');
    kept.run.child.kill('SIGHUP');
    const { pid } = await kept.phase('draining');
    kept.run.child.kill('SIGKILL');
    await until(() => hasEnded(kept.keeper), 'the end of the keeper');
    process.kill(old, 'SIGCONT');
    expect(await kept.waitForOther(old)).toBe(pid);
    expect(third.wins()).toBe(0);
    process.kill(pid, 'SIGKILL');
    await until(() => third.wins() > 0, 'the third starter', 60_000);
    await third.end();
  });

  test('while no program runs frees the lock and the port', async () => {
    const home = freshDirectory();
    const port = await freePort();
    const words = ['run', '--port', String(port)];
    const run = start([...words, '--restart', 'always', '--restart-delay', '60000', '--', 'true'], { home });
    await until(() => run.err.includes('starting it again'), 'the wait');
    run.child.kill('SIGKILL');
    await run.ended;
    expect(await gatewayLock([...words, '--no-wait', '--', 'echo', 'next'], { home })).toMatchObject({ out: 'next\n' });
  });
});

describe('SIGSTOP', () => {
  test('of the keeper: the program serves, no third starter wins, and a reload follows SIGCONT', async () => {
    const kept = await KeptProgram.start(['--reload-on', 'SIGHUP']);
    const third = startThirdStarter(kept.directory, kept.port);
    const { pid } = kept.record()!;
    process.kill(kept.keeper, 'SIGSTOP');
    kept.run.child.kill('SIGHUP');
    for (let request = 0; request < 5; request++) expect(await kept.servingPid(20_000)).toBe(pid);
    process.kill(kept.keeper, 'SIGCONT');
    expect(await kept.waitForOther(pid)).not.toBe(pid);
    expect(await third.end()).toBe(0);
  });

  test('of the program: a reload replaces it after the grace period', async () => {
    const kept = await KeptProgram.start(['--reload-on', 'SIGHUP', '--grace', '300']);
    const third = startThirdStarter(kept.directory, kept.port);
    const { pid } = kept.record()!;
    process.kill(pid, 'SIGSTOP');
    expect(await kept.reload()).not.toBe(pid);
    expect([hasEnded(pid), await third.end()]).toEqual([true, 0]);
  });
});
