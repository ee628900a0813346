import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listLocks } from '../../src/index.js';
import { printable } from '../../src/printable.js';
import { type Actor, startActor } from '../support/actors.js';
import { need, whyNoCommandLines, whyNoModes, whyNoShell, whyNotRoot } from '../support/capabilities.js';
import { COMMAND, gatewayLock } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { lockDirectory } from '../support/lock-directory.js';
import { processStartToken, writeOlderRecord } from '../support/older-gateway.js';
import { snapshotOf } from '../support/snapshot.js';

interface Listed {
  readonly locks: readonly Readonly<Record<string, unknown>>[];
}

/** Starts a gateway that answers requests on its port. */
async function startGateway(stateDir: string, port: number, body?: string): Promise<Actor> {
  const actor = await startActor();
  await actor.call('gateway', { stateDir, port });
  await (body === undefined ? actor.call('serve') : actor.call('serve', body));
  return actor;
}

function parsed(out: string): Listed {
  return JSON.parse(out) as Listed;
}

describe('status', () => {
  test('status names the lock directory and creates nothing if there is no lock', async () => {
    const home = freshDirectory();
    const { code, out, err } = await gatewayLock(['status'], { home });
    expect([code, out, err]).toEqual([0, `No locks in ${join(home, '.gateway')}\n`, '']);
    expect(readdirSync(home)).toEqual([]);
    expect(parsed((await gatewayLock(['status', '--json'], { home })).out)).toEqual({ locks: [] });
  });

  test('status shows the holder of each lock, how long the lock has been held, and the health of the gateway', async () => {
    const home = freshDirectory();
    const port = await freePort();
    const actor = await startGateway(join(home, '.gateway'), port);
    const { code, out } = await gatewayLock(['status'], { home });
    expect(code).toBe(0);
    const rows = out.split('\n').filter((line) => /^gateway\..*held /.test(line));
    expect(rows).toHaveLength(2);
    const program = whyNoCommandLines === null ? ' +.*actor\\.mjs' : '';
    for (const row of rows) expect(row).toMatch(new RegExp(` ${actor.pid} .* s\\) +${port} +healthy${program}`));
  });

  test('status prints every documented field with --json, and changes nothing', async () => {
    const stateDir = freshDirectory();
    const port = await freePort();
    const actor = await startGateway(stateDir, port, '<html>');
    const directory = lockDirectory(stateDir);
    const before = snapshotOf(join(directory, 'gateway.state.lock'));
    const { out } = await gatewayLock(['status', '--state-dir', stateDir, '--json']);
    const state = parsed(out).locks.find(({ path }) => path === join(directory, 'gateway.state.lock'));
    expect(state).toEqual({
      path: join(directory, 'gateway.state.lock'),
      state: 'held',
      heldBy: 'exclusive',
      owner: expect.objectContaining({ pid: actor.pid, port, kernelLock: true }),
      ownerAlive: true,
      command: whyNoCommandLines === null ? expect.arrayContaining([expect.stringMatching(/actor\.mjs$/)]) : null,
      host: '127.0.0.1',
      port,
      listening: true,
      health: { healthy: false, reason: 'the answer is not JSON', status: 200 },
      cause: null,
    });
    const help = (await gatewayLock(['status', '--help'])).out;
    for (const field of Object.keys(state!)) expect(help).toContain(field);
    expect(snapshotOf(join(directory, 'gateway.state.lock'))).toEqual(before);
  });

  test('status lists the locks of every profile, or only of the profile on the command line', async () => {
    const home = freshDirectory();
    await startGateway(join(home, '.gateway'), await freePort());
    await startGateway(join(home, '.gateway-rescue'), await freePort());
    // A directory that has a second name is listed only once.
    symlinkSync(join(home, '.gateway'), join(home, '.gateway-alias'));
    expect(parsed((await gatewayLock(['status', '--json'], { home })).out).locks).toHaveLength(4);
    const one = parsed((await gatewayLock(['status', '--profile', 'rescue', '--json'], { home })).out).locks;
    expect(one.map(({ path }) => String(path).includes(join('.gateway-rescue', 'tmp')))).toEqual([true, true]);
  });

  test('status shows with --lock whether one lock file is missing, held or, after kill -9, a leftover', async () => {
    const path = join(freshDirectory(), 'job.lock');
    const state = async () => parsed((await gatewayLock(['status', '--lock', path, '--json'])).out).locks[0]!['state'];
    expect(await state()).toBe('missing');
    const actor = await startActor();
    await actor.call('tryAcquire', path);
    expect(await state()).toBe('held');
    await actor.kill();
    expect(await state()).toBe('leftover');
    const { out } = await gatewayLock(['status', '--lock', path]);
    expect(out).toMatch(new RegExp(`leftover +${actor.pid} \\(gone\\)`));
    expect(out).toContain('the file blocks nothing');
  });

  test('status shows an older gateway without a kernel lock, and the holder of a shared lock', async () => {
    const stateDir = freshDirectory();
    const directory = lockDirectory(stateDir);
    const older = await startActor();
    writeOlderRecord(join(directory, 'gateway.12345678.lock'), { pid: older.pid });
    const reader = await startActor();
    await reader.call('tryAcquire', join(directory, 'gateway.state.lock'), { mode: 'shared' });
    const { out } = await gatewayLock(['status', '--state-dir', stateDir]);
    expect(out).toMatch(new RegExp(`gateway\\.12345678\\.lock +held by record +${older.pid} `));
    expect(out).toMatch(/gateway\.state\.lock +held shared/);
    expect(out).toContain('by record: a gateway that holds no kernel lock, such as OpenClaw.');
    const checked = await gatewayLock(['doctor', '--state-dir', stateDir]);
    expect(checked.out).toContain(
      `is held by pid ${older.pid}, a gateway that holds no kernel lock (such as OpenClaw)`,
    );
    for (const text of [out, checked.out]) expect(text).not.toMatch(/older|update/i);
  });

  test('status lists an unreadable lock file together with the other lock files', async () => {
    const stateDir = freshDirectory();
    const directory = lockDirectory(stateDir);
    mkdirSync(join(directory, 'gateway.00000000.lock'));
    writeFileSync(join(directory, 'gateway.state.lock'), '{"pid":');
    const { code, out } = await gatewayLock(['status', '--state-dir', stateDir]);
    expect([code, out]).toEqual([0, expect.stringMatching(/gateway\.00000000\.lock +unreadable/)]);
    expect(out).toMatch(/gateway\.state\.lock +free/);
    expect(out).toMatch(/unreadable: .*gateway\.00000000\.lock: .*directory/);
    const { locks } = parsed((await gatewayLock(['status', '--state-dir', stateDir, '--json'])).out);
    expect(locks[0]!['cause']).toEqual({
      code: 'ERR_LOCK_INVALID_FILE',
      message: expect.stringContaining('directory'),
    });
  });

  test('status prints no control characters that a hostile record contains', async () => {
    // Windows allows no control characters in file names.
    const path = join(freshDirectory(), `hostile${whyNoModes === null ? '\x1b' : ''}[2J.lock`);
    const evil = '\x1b]0;owned\x07\x9b31m\u202e\u2028\u2066\u200f\u061c';
    const record = {
      createdAt: evil,
      host: evil,
      port: 65536,
      bindHost: evil,
      role: evil,
      bootId: 'other',
      [evil]: evil,
    };
    writeFileSync(path, JSON.stringify({ pid: process.pid, ...record, startTime: processStartToken(process.pid) }));
    for (const args of [['status'], ['status', '--json'], ['doctor']]) {
      const { out, err } = await gatewayLock([...args, '--lock', path]);
      const lines = (out + err).split('\n');
      expect(lines.map(printable), args.join(' ')).toEqual(lines);
    }
  });

  test('status prints colours to a pipe only with FORCE_COLOR, and no colours with NO_COLOR', async () => {
    const path = join(freshDirectory(), 'a.lock');
    writeFileSync(path, '');
    const coloured = async (env: NodeJS.ProcessEnv) =>
      (await gatewayLock(['status', '--lock', path], { env })).out.includes('\x1b[');
    expect(await coloured({})).toBe(false);
    expect(await coloured({ FORCE_COLOR: '1' })).toBe(true);
    expect(await coloured({ FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false);
  });

  test.each([
    [['status', '--lock', 'x', '--profile', 'y'], /--lock.*--profile|--profile.*--lock/],
    [['status', '--interval', '5'], /--interval/],
    [['status', '--verbose'], /--verbose/],
    [['status', '--app', '../x'], /app must be/],
  ])('status reports a usage error with exit code 64 and one line for the arguments %j', async (args, text) => {
    const { code, out, err } = await gatewayLock(args);
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(text);
    expect(err.split('\n')).toHaveLength(2);
  });

  test('status exits with 0 if the reader of the pipe ends early, and fails on a full disk', async (ctx) => {
    need(ctx, whyNoShell);
    const shell = (line: string) => gatewayLock([], { program: ['/bin/sh', '-c', line, process.execPath, COMMAND] });
    // The reader ends before the command writes.
    for (const words of ['status', '--help', 'help run']) {
      const closed = await shell(`{ "$0" "$1" ${words}; echo $? >&2; } | exec true`);
      expect(closed.err, words).toBe('0\n');
    }
    const full = await shell('"$0" "$1" status > /dev/full');
    expect([full.code, full.err]).toEqual([1, expect.stringMatching(/^gateway-lock: .*ENOSPC/)]);
  });
});

test('listLocks() lists a directory without read permission as unreadable, together with the other locks', async (ctx) => {
  const missing = whyNotRoot();
  if (missing !== null) ctx.skip(missing);
  const stateDir = freshDirectory();
  chmodSync(stateDir, 0o755);
  mkdirSync(join(stateDir, 'tmp/gateway-1'), { recursive: true, mode: 0o755 });
  mkdirSync(join(stateDir, 'tmp/gateway-2'), { mode: 0o700 });
  writeFileSync(join(stateDir, 'tmp/gateway-1/gateway.state.lock'), '', { mode: 0o666 });
  await listLocks({ stateDir });
  process.seteuid!(65534);
  const locks = await listLocks({ stateDir }).finally(() => process.seteuid!(0));
  expect(locks.map(({ path, state }) => [path.slice(stateDir.length), state])).toEqual([
    ['/tmp/gateway-1/gateway.state.lock', expect.any(String)],
    ['/tmp/gateway-2', 'unreadable'],
  ]);
  expect(locks[1]!.cause).toMatchObject({ code: 'EACCES' });
});
