// The commands `reload`, `stop` and `wait`: exit codes, messages, and the processes they signal.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { acquireGatewayLock, probeLock, resolveGatewayPaths, tryAcquireLock } from '../../src/index.js';
import { native } from '../../src/native/load.js';
import { need, whyNoInheritance } from '../support/capabilities.js';
import { gatewayLock, printedPid, start } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { hasEnded, KeptProgram } from '../support/kept-program.js';
import { until } from '../support/until.js';

beforeEach((ctx) => need(ctx, whyNoInheritance));

/** Runs the command for the state directory of the kept program. */
const command = (name: string, { directory }: { directory: string }, ...flags: string[]) =>
  gatewayLock([name, '--state-dir', directory, ...flags]);

/** A program that prints its pid, and ends on SIGTERM unless `ignoring`. */
const stay = (ignoring = false) => ['sh', '-c', `${ignoring ? "trap '' TERM; " : ''}echo $$; exec sleep 60`];

async function startStay(flags: readonly string[], ignoring = false) {
  const directory = freshDirectory();
  const run = start(['run', '--state-dir', directory, ...flags, '--', ...stay(ignoring)]);
  const pid = await printedPid(run);
  const [stateLock] = resolveGatewayPaths({ stateDir: directory, env: {} }).lockPaths;
  await until(() => probeLock(stateLock!).owner?.pid === pid, 'the record that names the program');
  return { directory, run, pid };
}

describe('reload', () => {
  test('exits with 0 when the new program serves, and prints both pids', async () => {
    const kept = await KeptProgram.start(['--reload-on', 'SIGUSR2']);
    const old = kept.record()!.pid;
    const { code, out, err } = await command('reload', kept);
    const { pid } = kept.record()!;
    expect([code, out, err]).toEqual([0, `pid ${pid} serves on port ${kept.port}; it replaces pid ${old}\n`, '']);
    expect([await kept.servingPid(), hasEnded(old)]).toEqual([pid, true]);
  });

  test.each([
    ['exit', [], 'ended before it served'],
    ['hang', ['--ready-timeout', '500'], 'was not ready in time'],
  ])('exits with 1 and the reason if the new program fails: %s', async (behaviour, flags, why) => {
    const kept = await KeptProgram.start(['--reload-on', 'SIGHUP', '--grace', '200', ...flags]);
    const { pid } = kept.record()!;
    writeFileSync(join(kept.directory, behaviour), '');
    for (const _ of ['first', 'again']) {
      const { code, out, err } = await command('reload', kept);
      expect([code, out]).toEqual([1, '']);
      expect(err).toMatch(
        new RegExp(`^gateway-lock: reload failed: the new program \\(pid \\d+\\) ${why}; pid ${pid} keeps running\\n$`),
      );
    }
    rmSync(join(kept.directory, behaviour));
    // A busy machine may need longer than this time limit to start a program.
    if (flags.length === 0) expect(await command('reload', kept)).toMatchObject({ code: 0 });
  });

  test('exits with 1 if the new program cannot be started, also the second time', async () => {
    const tmp = join(freshDirectory(), 'tmp');
    mkdirSync(tmp);
    const kept = await KeptProgram.start(['--reload-on', 'SIGHUP'], { env: { TMPDIR: tmp } });
    const { pid } = kept.record()!;
    renameSync(tmp, `${tmp}-away`);
    for (const _ of ['first', 'again']) {
      expect(await command('reload', kept)).toMatchObject({
        code: 1,
        err: `gateway-lock: reload failed: the new program could not be started; pid ${pid} keeps running\n`,
      });
    }
  });

  test('exits with 1 during an earlier reload, and does not report its success as its own', async () => {
    const kept = await KeptProgram.start(['--reload-on', 'SIGHUP', '--grace', '60000']);
    const old = kept.record()!.pid;
    writeFileSync(join(kept.directory, 'hang'), '');
    kept.run.child.kill('SIGHUP');
    const { pid } = await kept.phase('starting');
    // Start times have a resolution of 10 ms.
    await sleep(50);
    const { code, out, err } = await command('reload', kept);
    expect([code, out, err]).toEqual([
      1,
      '',
      `gateway-lock: an earlier reload is in progress: pid ${pid} is not serving yet. Run this command again to load what has changed since\n`,
    ]);
    rmSync(join(kept.directory, 'hang'));
    expect(await kept.waitForOther(old)).toBe(pid);
    expect(await command('reload', kept)).toMatchObject({ code: 0 });
  });

  test('exits with 1 when the time of --wait has passed', async () => {
    const kept = await KeptProgram.start(['--reload-on', 'SIGHUP', '--grace', '200']);
    writeFileSync(join(kept.directory, 'hang'), '');
    const { code, err } = await command('reload', kept, '--wait', '300');
    expect([code, err]).toEqual([
      1,
      `gateway-lock: reload: no result within 300 ms. Show the state: gateway-lock status --state-dir ${kept.directory}\n`,
    ]);
  });

  test('signals nothing if no gateway is running', async () => {
    const { code, err } = await command('reload', { directory: freshDirectory() });
    expect([code, err]).toEqual([1, expect.stringMatching(/^gateway-lock: no gateway is running: no process holds /)]);
  });

  test('signals nothing if run was started without --reload-on', async () => {
    const { directory, run, pid } = await startStay([]);
    const { code, err } = await command('reload', { directory });
    expect([code, err]).toEqual([
      1,
      `gateway-lock: gateway-lock run (pid ${run.pid}) does not reload. Start it with --reload-on SIGHUP\n`,
    ]);
    expect(hasEnded(pid)).toBe(false);
  });

  test('does not send SIGHUP to a gateway that does not handle it', async () => {
    const stateDir = freshDirectory();
    const lock = await acquireGatewayLock({ stateDir, bind: false });
    onTestFinished(() => lock.close());
    const { code, err } = await command('reload', { directory: stateDir });
    expect([code, err]).toEqual([1, expect.stringContaining(`pid ${process.pid} does not handle SIGHUP`)]);
  });
});

describe('stop', () => {
  test('ends the keeper and its program, and waits until the lock is free', async () => {
    const { directory, run, pid } = await startStay(['--restart', 'always']);
    expect(await command('stop', { directory })).toEqual({
      code: 0,
      signal: null,
      out: `Stopped pid ${run.pid} and ${pid}\n`,
      err: '',
    });
    expect(await run.ended).toMatchObject({ signal: 'SIGTERM' });
    expect(await command('stop', { directory })).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^No gateway is running: no process holds .*gateway\.state\.lock\n$/),
    });
  });

  test('exits with 75 if the lock is still held, and --kill-after ends keeper and program', async () => {
    const { directory, run, pid } = await startStay(['--restart', 'always'], true);
    const waited = await command('stop', { directory }, '--timeout', '300');
    expect([waited.code, waited.out]).toEqual([75, '']);
    expect(waited.err).toMatch(
      new RegExp(
        `^gateway-lock: the lock is still held after 300 ms by pid ${pid} \\(held by pid [\\d, ]+\\)\\. To end it by force: gateway-lock stop --kill-after 0 --state-dir ${directory}\\n$`,
      ),
    );
    expect(await command('stop', { directory }, '--kill-after', '300')).toMatchObject({
      code: 0,
      out: `Stopped pid ${run.pid} and ${pid}\n`,
    });
    expect([hasEnded(run.pid), hasEnded(pid)]).toEqual([true, true]);
  });

  test('exits with 75 if another process has acquired the lock meanwhile', async () => {
    const path = join(freshDirectory(), 'a.lock');
    const lock = tryAcquireLock(path)!;
    onTestFinished(() => lock.release());
    const holder = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', lock.fd] });
    onTestFinished(() => void holder.kill('SIGKILL'));
    lock.nameHolder(holder.pid!);
    // This process keeps the lock, so that `stop` never finds it free.
    holder.once('exit', () => lock.nameHolder(process.pid));
    const { code, out, err } = await gatewayLock(['stop', '--lock', path]);
    expect([code, out, err]).toEqual([
      75,
      '',
      `gateway-lock: stopped pid ${holder.pid}, but pid ${process.pid} has acquired the lock since. If a service manager restarts the gateway, stop it there\n`,
    ]);
  });

  test('--kill-after ends a stopped keeper and a stopped program', async () => {
    const { directory, run, pid } = await startStay(['--restart', 'always']);
    process.kill(run.pid, 'SIGSTOP');
    process.kill(pid, 'SIGSTOP');
    expect(await command('stop', { directory }, '--kill-after', '300')).toMatchObject({ code: 0 });
    expect([hasEnded(run.pid), hasEnded(pid)]).toEqual([true, true]);
  });

  test('ends the program of a keeper that was killed', async () => {
    const { directory, run, pid } = await startStay([]);
    run.child.kill('SIGKILL');
    await until(() => hasEnded(run.pid), 'the end of the keeper');
    expect(await command('stop', { directory })).toMatchObject({ code: 0, out: `Stopped pid ${pid}\n` });
    expect(hasEnded(pid)).toBe(true);
  });

  test('ends a process without a keeper', async () => {
    const directory = freshDirectory();
    const run = start(['run', '--exec', '--state-dir', directory, '--', ...stay()]);
    const pid = await printedPid(run);
    expect(await command('stop', { directory })).toMatchObject({ code: 0, out: `Stopped pid ${pid}\n` });
  });

  test('signals nothing if the lock file does not name the holder', async () => {
    const path = join(freshDirectory(), 'a.lock');
    const lock = tryAcquireLock(path)!;
    onTestFinished(() => lock.release());
    writeFileSync(path, '');
    const { code, err } = await gatewayLock(['stop', '--lock', path]);
    expect([code, err]).toEqual([1, `gateway-lock: the lock file does not name its holder: ${path}\n`]);
  });

  test('signals no keeper of another container, even if a process here has the same pid and start time', async () => {
    const path = join(freshDirectory(), 'a.lock');
    const bystander = spawn('sleep', ['60'], { stdio: 'ignore' });
    onTestFinished(() => void bystander.kill('SIGKILL'));
    await once(bystander, 'spawn');
    const lock = tryAcquireLock(path)!;
    onTestFinished(() => lock.release());
    const keeper = { pid: bystander.pid!, startToken: native().processStartToken(bystander.pid!) };
    writeFileSync(path, `${JSON.stringify({ ...lock.owner, pidNamespace: 'pid:[1]', keeper })}\n`);
    const { code, err } = await gatewayLock(['stop', '--lock', path]);
    expect([code, err]).toEqual([1, expect.stringContaining('may run in another container or on another host')]);
    expect(hasEnded(bystander.pid!)).toBe(false);
  });

  test('does not signal a process whose pid the holder had', async () => {
    const path = join(freshDirectory(), 'a.lock');
    const bystander = spawn('sleep', ['60'], { stdio: 'ignore' });
    onTestFinished(() => void bystander.kill('SIGKILL'));
    const lock = tryAcquireLock(path)!;
    onTestFinished(() => lock.release());
    // The pid of the bystander, with the start time of another process.
    writeFileSync(path, `${JSON.stringify({ ...lock.owner, pid: bystander.pid })}\n`);
    const { code, err } = await gatewayLock(['stop', '--lock', path]);
    expect([code, err]).toEqual([
      1,
      `gateway-lock: pid ${bystander.pid} has ended, but another process keeps the lock (held by pid ${process.pid})\n`,
    ]);
    expect(hasEnded(bystander.pid!)).toBe(false);
  });

  test('does not signal a process that the record names, but that does not hold the lock', async () => {
    const path = join(freshDirectory(), 'a.lock');
    const bystander = spawn('sleep', ['60'], { stdio: 'ignore' });
    onTestFinished(() => void bystander.kill('SIGKILL'));
    await once(bystander, 'spawn');
    const lock = tryAcquireLock(path)!;
    onTestFinished(() => lock.release());
    lock.nameHolder(bystander.pid!);
    const { code, err } = await gatewayLock(['stop', '--lock', path]);
    expect([code, err]).toEqual([
      1,
      `gateway-lock: pid ${bystander.pid} does not hold the lock, although the lock file names it (held by pid ${process.pid})\n`,
    ]);
    expect(hasEnded(bystander.pid!)).toBe(false);
  });
});

describe('wait', () => {
  test('exits with 0 at once if the lock is free', async () => {
    expect(await command('wait', { directory: freshDirectory() })).toMatchObject({ code: 0, out: '', err: '' });
  });

  test('exits with 0 when the holder has ended', async () => {
    const { directory, run, pid } = await startStay([]);
    const waiting = start(['wait', '--state-dir', directory]);
    const early = await command('wait', { directory }, '--timeout', '200');
    expect([early.code, early.err]).toEqual([
      75,
      `gateway-lock: not free within 200 ms: the lock is held by pid ${pid}\n`,
    ]);
    expect(waiting.child.exitCode).toBe(null);
    run.child.kill('SIGTERM');
    expect(await waiting.ended).toMatchObject({ code: 0 });
  });

  test('names the process that holds the lock if the record names one that is gone', async () => {
    const path = join(freshDirectory(), 'a.lock');
    const lock = tryAcquireLock(path)!;
    onTestFinished(() => lock.release());
    writeFileSync(path, `${JSON.stringify({ ...lock.owner, pid: 0x7fffffff })}\n`);
    const { code, err } = await gatewayLock(['wait', '--lock', path, '--timeout', '0']);
    expect([code, err]).toEqual([
      75,
      `gateway-lock: not free within 0 ms: the lock is held (held by pid ${process.pid})\n`,
    ]);
  });

  test('--for healthy exits with 0 when the gateway is healthy, and with 75 and the reason before', async () => {
    const directory = freshDirectory();
    const waiting = start(['wait', '--for', 'healthy', '--state-dir', directory]);
    const early = await command('wait', { directory }, '--for', 'healthy', '--timeout', '200');
    expect([early.code, early.err]).toEqual([75, 'gateway-lock: not healthy within 200 ms: no gateway is running\n']);
    start(['serve', '--state-dir', directory, '--port', '0']);
    expect(await waiting.ended).toMatchObject({ code: 0 });
  });
});
