import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { startActor } from '../support/actors.js';
import { need, whyNoLinks, whyNoModes, whyNoMount } from '../support/capabilities.js';
import { gatewayLock } from '../support/command.js';
import { doctor, doctorPlace } from '../support/doctor.js';
import { listening } from '../support/listeners.js';
import { lockDirectory } from '../support/lock-directory.js';
import { mountTmpfs } from '../support/mounts.js';
import { freePort, freshDirectory } from '../support/places.js';
import { whyNoPortOwner } from '../support/port-owner.js';
import { portraitOf } from '../support/portrait.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
describe('doctor', () => {
  test('finds nothing wrong where nothing is, and leaves nothing behind', async () => {
    const home = freshDirectory();
    const args = ['--port', `${await freePort()}`];
    const { code, findings } = await doctor(args, { home });
    expect([code, findings.filter(({ level }) => level !== 'ok' && level !== 'info')]).toEqual([0, []]);
    expect(readdirSync(home)).toEqual([]);
    const { out } = await gatewayLock(['doctor', ...args], { home });
    expect(out).toMatch(/^ok +addon +loaded\n[\s\S]*\nNo problems found\.\n$/);
  });

  test('finds nothing wrong with a healthy gateway, and does not disturb it', async () => {
    const { directory, stateDir, port, args } = await doctorPlace();
    const actor = await startActor();
    await actor.call('gateway', { stateDir, port });
    await actor.call('serve');
    const before = portraitOf(join(directory, 'gateway.state.lock'));
    const { code, of } = await doctor([...args, '--fix']);
    expect(code).toBe(0);
    expect(of('port')).toEqual([{ check: 'port', level: 'ok', message: expect.stringContaining(`pid ${actor.pid}`) }]);
    expect(of('locks')[0]!.message).toBe('2 held, no leftovers');
    expect(portraitOf(join(directory, 'gateway.state.lock'))).toEqual(before);
    expect(await actor.call('verify', 'gateway')).toBe(true);
  });

  test('an addon that is missing is the only finding', async () => {
    const copy = freshDirectory();
    for (const path of ['package.json', 'dist', 'node_modules/commander']) {
      cpSync(join(root, path), join(copy, path), { recursive: true });
    }
    const { code, findings } = await doctor([], { program: [process.execPath, join(copy, 'dist/cli/main.js')] });
    expect([code, findings]).toEqual([1, [expect.objectContaining({ check: 'addon', level: 'error' })]]);
  });

  test('a home that is none is said, and wrong usage is told from it', async () => {
    const { code, findings } = await doctor([], { env: { HOME: 'relative', USERPROFILE: 'relative' } });
    expect([code, findings.map(({ check }) => check)]).toEqual([1, ['paths']]);
    expect(await gatewayLock(['doctor', '--app', 'a/b'])).toMatchObject({ code: 64, out: '' });
  });
});

describe('the lock directory', () => {
  test.for([
    [0o755, 'warning', /not private; the next start makes it so/, 0],
    [0o777, 'error', /every user may write/, 1],
  ] as const)('with mode %o is a %s', async ([mode, level, message, exit], ctx) => {
    need(ctx, whyNoModes);
    const { directory, args } = await doctorPlace();
    chmodSync(directory, mode);
    const { code, of } = await doctor(args);
    expect(of('lock directory')[0]).toMatchObject({ level, message: expect.stringMatching(message) });
    expect(of('lock directory')[0]!.advice).toBe(`chmod 700 '${directory}'`);
    expect(code).toBe(exit);
  });

  test.for([
    ['a file', null, (path: string) => writeFileSync(path, '')],
    ['a link', whyNoLinks, (path: string) => symlinkSync('/tmp', path)],
  ] as const)('that is %s is an error, and the other checks are made', async ([, missing, make], ctx) => {
    need(ctx, missing);
    const stateDir = freshDirectory();
    mkdirSync(join(stateDir, 'tmp'));
    make(join(stateDir, 'tmp', basename(lockDirectory(freshDirectory()))));
    const { code, of } = await doctor(['--state-dir', stateDir, '--port', `${await freePort()}`]);
    expect([code, of('lock directory')[0]!.message]).toEqual([1, expect.stringContaining('is not a directory')]);
    expect(of('service units')).toHaveLength(1);
  });

  test('of a lock file of one own must be there, and need not be private', async () => {
    const directory = freshDirectory();
    const args = ['--port', `${await freePort()}`, '--lock'];
    chmodSync(directory, 0o1777);
    expect((await doctor([...args, join(directory, 'a.lock')])).of('lock directory')[0]).toMatchObject({ level: 'ok' });
    const { of } = await doctor([...args, join(directory, 'none/a.lock')]);
    expect(of('lock directory')[0]).toMatchObject({ level: 'error' });
  });

  test('of a lock file of one own out of which others may take it is an error', async (ctx) => {
    need(ctx, whyNoModes);
    const directory = freshDirectory();
    chmodSync(directory, 0o777);
    const { code, of } = await doctor(['--port', `${await freePort()}`, '--lock', join(directory, 'a.lock')]);
    expect([code, of('lock directory')[0]!.level]).toEqual([1, 'error']);
  });

  test('above which others may write gets a warning that names the place', async (ctx) => {
    need(ctx, whyNoModes);
    const { stateDir, args } = await doctorPlace();
    chmodSync(stateDir, 0o777);
    const { code, of } = await doctor(args);
    expect([code, of('parent directories')]).toEqual([
      0,
      [expect.objectContaining({ level: 'warning', message: `every user may move or remove files in ${stateDir}` })],
    ]);
  });

  test('on a file system that takes no lock file is an error', async (ctx) => {
    need(ctx, whyNoMount());
    const stateDir = mountTmpfs();
    expect(spawnSync('mount', ['-o', 'remount,ro', stateDir]).status).toBe(0);
    const { code, of } = await doctor(['--state-dir', stateDir, '--port', `${await freePort()}`]);
    expect([code, of('file system')[0]!.message]).toEqual([1, expect.stringContaining('EROFS')]);
  });
});

describe('the port', () => {
  test('with a stranger on it is an error', async () => {
    const { stateDir } = await doctorPlace();
    const { port } = await listening(createServer((_, response) => response.end('hello')));
    const { code, of } = await doctor(['--state-dir', stateDir, '--port', `${port}`]);
    const message = expect.stringContaining(`listens on 127.0.0.1:${port}, no gateway of ours`);
    expect([code, of('port')]).toEqual([1, [expect.objectContaining({ level: 'error', message })]]);
  });

  test('with a stranger on it is an error that names him', async (ctx) => {
    need(ctx, whyNoPortOwner);
    const { stateDir } = await doctorPlace();
    const { port } = await listening(createServer((_, response) => response.end('hello')));
    const { code, of } = await doctor(['--state-dir', stateDir, '--port', `${port}`]);
    expect([code, of('port')[0]]).toEqual([
      1,
      expect.objectContaining({ level: 'error', message: expect.stringContaining(`pid ${process.pid} listens`) }),
    ]);
    expect(of('port')[0]!.advice).toMatch(new RegExp(`\\((kill|taskkill /PID) ${process.pid}\\b`));
  });

  test('with a gateway that is not healthy is an error with its reason', async () => {
    const { stateDir, port, args } = await doctorPlace();
    const actor = await startActor();
    await actor.call('gateway', { stateDir, port });
    await actor.call('serve', 'nothing');
    const { code, of } = await doctor(args);
    expect([code, of('port')[0]!.message]).toEqual([1, expect.stringContaining('the answer is not JSON')]);
  });

  test('that is not of this host cannot be had', async () => {
    const { args } = await doctorPlace();
    const { of } = await doctor([...args, '--host', '192.0.2.1']);
    expect(of('port')[0]).toMatchObject({ level: 'error', message: expect.stringContaining('EADDRNOTAVAIL') });
  });

  test('that is held for a program without one is no trouble', async () => {
    const { directory, args } = await doctorPlace();
    const actor = await startActor();
    await actor.call('tryAcquire', join(directory, 'gateway.state.lock'));
    expect((await doctor(args)).of('port')[0]).toMatchObject({ level: 'info' });
  });
});

test('two gateways closer than 20 ports get a warning, 20 apart they do not', async () => {
  const home = freshDirectory();
  const port = 10_000;
  for (const [name, base] of Object.entries({ '.gateway': port, '.gateway-b': port + 19 })) {
    const actor = await startActor();
    const path = join(lockDirectory(join(home, name)), 'gateway.state.lock');
    await actor.call('tryAcquire', path, { owner: { port: base } });
  }
  const near = expect.objectContaining({ level: 'warning', message: expect.stringContaining('closer than 20') });
  expect((await doctor([], { home })).of('base ports')).toEqual([near]);
  const stateDir = join(home, 'new');
  const planned = async (base: number) =>
    (await doctor(['--port', `${base}`, '--state-dir', stateDir], { home })).of('base ports');
  expect(await planned(port + 38)).toEqual([near, near]);
  expect(await planned(port + 39)).toEqual([near]);
});

describe('service units', () => {
  const unit = '[Service]\nExecStart=/usr/bin/gateway-lock serve\nRestart=always\nRestartSec=5\n';

  test('of the user are found, and their drop-ins count', async () => {
    const home = freshDirectory();
    const directory = join(home, '.config/systemd/user');
    mkdirSync(join(directory, 'a.service.d'), { recursive: true });
    writeFileSync(join(directory, 'a.service'), unit);
    const args = ['--port', `${await freePort()}`];
    const { code, of } = await doctor(args, { home });
    expect([code, of('service units')[0]]).toMatchObject([1, { level: 'error' }]);
    expect(of('service units')[0]!.advice).toContain('RestartPreventExitStatus=78');
    writeFileSync(join(directory, 'a.service.d/b.conf'), '[Service]\nRestartPreventExitStatus=78\n');
    expect((await doctor(args, { home })).code).toBe(0);
  });

  test('that are named are looked at wherever they lie; one that is not there is an error', async () => {
    const { args, port, directory } = await doctorPlace();
    writeFileSync(join(directory, 'a.socket'), `[Socket]\nListenStream=127.0.0.1:${port}\n`);
    writeFileSync(join(directory, 'b.plist'), '<plist><key>KeepAlive</key><true/></plist>');
    const units = ['a.socket', 'b.plist', 'c.service'].map((name) => join(directory, name));
    const { code, of } = await doctor([...args, '--unit', ...units]);
    expect([code, of('service units').map(({ level }) => level)]).toEqual([1, ['error', 'warning', 'error']]);
  });

  test('as this command prints them are right', async () => {
    const { args, directory } = await doctorPlace();
    for (const [kind, name] of [
      ['systemd', 'a.service'],
      ['launchd', 'b.plist'],
    ] as const) {
      const { code, out } = await gatewayLock(['unit', kind, '--port', '18790', '--', 'node', 'server.js']);
      expect(code).toBe(0);
      writeFileSync(join(directory, name), out);
      expect((await doctor([...args, '--unit', join(directory, name)])).of('service units')[0]).toMatchObject({
        level: 'ok',
      });
    }
  });
});
