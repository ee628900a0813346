import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { startActor } from '../support/actors.js';
import { need, whyNoLinks, whyNoModes, whyNoMount } from '../support/capabilities.js';
import { gatewayLock } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { doctor, doctorPlace } from '../support/doctor.js';
import { freePort } from '../support/free-port.js';
import { listening } from '../support/listeners.js';
import { lockDirectory } from '../support/lock-directory.js';
import { mountTmpfs } from '../support/mounts.js';
import { whyNoPortOwner } from '../support/port-owner.js';
import { snapshotOf } from '../support/snapshot.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
describe('doctor', () => {
  test('doctor finds no problems and creates nothing if there is no gateway', async () => {
    const home = freshDirectory();
    const args = ['--port', `${await freePort()}`];
    const { code, findings } = await doctor(args, { home });
    expect([code, findings.filter(({ level }) => level !== 'ok' && level !== 'info')]).toEqual([0, []]);
    expect(readdirSync(home)).toEqual([]);
    const { out } = await gatewayLock(['doctor', ...args], { home });
    expect(out).toMatch(/^ok +addon +loaded\n[\s\S]*\nNo problems found\.\n$/);
  });

  test('doctor finds no problems with a healthy gateway, and does not disturb the gateway', async () => {
    const { directory, stateDir, port, args } = await doctorPlace();
    const actor = await startActor();
    await actor.call('gateway', { stateDir, port });
    await actor.call('serve');
    const before = snapshotOf(join(directory, 'gateway.state.lock'));
    const { code, of } = await doctor([...args, '--fix']);
    expect(code).toBe(0);
    expect(of('port')).toEqual([{ check: 'port', level: 'ok', message: expect.stringContaining(`pid ${actor.pid}`) }]);
    expect(of('locks')[0]!.message).toBe('2 held, no leftover lock files');
    expect(snapshotOf(join(directory, 'gateway.state.lock'))).toEqual(before);
    expect(await actor.call('verify', 'gateway')).toBe(true);
  });

  test('doctor reports only the missing addon if there is no addon', async () => {
    const copy = freshDirectory();
    for (const path of ['package.json', 'dist', 'node_modules/commander']) {
      cpSync(join(root, path), join(copy, path), { recursive: true });
    }
    const { code, findings } = await doctor([], { program: [process.execPath, join(copy, 'dist/cli/main.js')] });
    expect([code, findings]).toEqual([1, [expect.objectContaining({ check: 'addon', level: 'error' })]]);
  });

  test('doctor reports an invalid home directory with another exit code than a usage error', async () => {
    const { code, findings } = await doctor([], { env: { HOME: 'relative', USERPROFILE: 'relative' } });
    expect([code, findings.map(({ check }) => check)]).toEqual([1, ['paths']]);
    expect(await gatewayLock(['doctor', '--app', 'a/b'])).toMatchObject({ code: 64, out: '' });
  });
});

describe('the check of the lock directory by doctor', () => {
  test.for([
    [0o755, 'warning', /not private; a gateway makes it private on its next start/, 0],
    [0o777, 'error', /every user may write/, 1],
  ] as const)(
    'doctor reports a lock directory with mode %o with the level %s',
    async ([mode, level, message, exit], ctx) => {
      need(ctx, whyNoModes);
      const { directory, args } = await doctorPlace();
      chmodSync(directory, mode);
      const { code, of } = await doctor(args);
      expect(of('lock directory')[0]).toMatchObject({ level, message: expect.stringMatching(message) });
      expect(of('lock directory')[0]!.advice).toBe(`Make the directory private: chmod 700 '${directory}'`);
      expect(code).toBe(exit);
    },
  );

  test.for([
    ['a file', null, (path: string) => writeFileSync(path, '')],
    ['a link', whyNoLinks, (path: string) => symlinkSync('/tmp', path)],
  ] as const)(
    'doctor reports an error if the lock directory is %s, and still runs the other checks',
    async ([, missing, make], ctx) => {
      need(ctx, missing);
      const stateDir = freshDirectory();
      mkdirSync(join(stateDir, 'tmp'));
      make(join(stateDir, 'tmp', basename(lockDirectory(freshDirectory()))));
      const { code, of } = await doctor(['--state-dir', stateDir, '--port', `${await freePort()}`]);
      expect([code, of('lock directory')[0]!.message]).toEqual([1, expect.stringContaining('is not a directory')]);
      expect(of('service units')).toHaveLength(1);
    },
  );

  test('doctor requires that the directory of --lock exists, but not that the directory is private', async () => {
    const directory = freshDirectory();
    const args = ['--port', `${await freePort()}`, '--lock'];
    chmodSync(directory, 0o1777);
    expect((await doctor([...args, join(directory, 'a.lock')])).of('lock directory')[0]).toMatchObject({ level: 'ok' });
    const { of } = await doctor([...args, join(directory, 'none/a.lock')]);
    expect(of('lock directory')[0]).toMatchObject({ level: 'error' });
  });

  test('doctor reports an error if other users may remove files from the directory of --lock', async (ctx) => {
    need(ctx, whyNoModes);
    const directory = freshDirectory();
    chmodSync(directory, 0o777);
    const { code, of } = await doctor(['--port', `${await freePort()}`, '--lock', join(directory, 'a.lock')]);
    expect([code, of('lock directory')[0]!.level]).toEqual([1, 'error']);
  });

  test('doctor warns about a parent of the lock directory to which other users may write', async (ctx) => {
    need(ctx, whyNoModes);
    const { stateDir, args } = await doctorPlace();
    chmodSync(stateDir, 0o777);
    const { code, of } = await doctor(args);
    expect([code, of('parent directories')]).toEqual([
      0,
      [expect.objectContaining({ level: 'warning', message: `every user may move or remove files in ${stateDir}` })],
    ]);
  });

  test('doctor reports an error if the lock directory is on a read-only file system', async (ctx) => {
    need(ctx, whyNoMount());
    const stateDir = mountTmpfs();
    expect(spawnSync('mount', ['-o', 'remount,ro', stateDir]).status).toBe(0);
    const { code, of } = await doctor(['--state-dir', stateDir, '--port', `${await freePort()}`]);
    expect([code, of('file system')[0]!.message]).toEqual([1, expect.stringContaining('EROFS')]);
  });
});

describe('the check of the port by doctor', () => {
  test('doctor reports an error if another program listens on the port', async () => {
    const { stateDir } = await doctorPlace();
    const { port } = await listening(createServer((_, response) => response.end('hello')));
    const { code, of } = await doctor(['--state-dir', stateDir, '--port', `${port}`]);
    const message = expect.stringContaining(`that does not hold this lock listens on 127.0.0.1:${port}`);
    expect([code, of('port')]).toEqual([1, [expect.objectContaining({ level: 'error', message })]]);
  });

  test('doctor names the pid of another program that listens on the port', async (ctx) => {
    need(ctx, whyNoPortOwner);
    const { stateDir } = await doctorPlace();
    const { port } = await listening(createServer((_, response) => response.end('hello')));
    const { code, of } = await doctor(['--state-dir', stateDir, '--port', `${port}`]);
    expect([code, of('port')[0]]).toEqual([
      1,
      expect.objectContaining({
        level: 'error',
        message: expect.stringContaining(`a program (pid ${process.pid}) that does not hold this lock`),
      }),
    ]);
    expect(of('port')[0]!.advice).toMatch(new RegExp(`^Stop the program: (kill|taskkill /PID) ${process.pid}\\b`));
  });

  test('doctor reports an error with the reason if the gateway on the port is not healthy', async () => {
    const { stateDir, port, args } = await doctorPlace();
    const actor = await startActor();
    await actor.call('gateway', { stateDir, port });
    await actor.call('serve', 'nothing');
    const { code, of } = await doctor(args);
    expect([code, of('port')[0]!.message]).toEqual([1, expect.stringContaining('the answer is not JSON')]);
  });

  test('doctor reports an error if the address does not belong to this host', async () => {
    const { args } = await doctorPlace();
    const { of } = await doctor([...args, '--host', '192.0.2.1']);
    expect(of('port')[0]).toMatchObject({ level: 'error', message: expect.stringContaining('EADDRNOTAVAIL') });
  });

  test('doctor reports no error for the port if the holder of the lock uses no port', async () => {
    const { directory, args } = await doctorPlace();
    const actor = await startActor();
    await actor.call('tryAcquire', join(directory, 'gateway.state.lock'));
    expect((await doctor(args)).of('port')[0]).toMatchObject({ level: 'info' });
  });
});

test('doctor warns about base ports that are less than 20 apart', async () => {
  const home = freshDirectory();
  const port = 10_000;
  for (const [name, base] of Object.entries({ '.gateway': port, '.gateway-b': port + 19 })) {
    const actor = await startActor();
    const path = join(lockDirectory(join(home, name)), 'gateway.state.lock');
    await actor.call('tryAcquire', path, { owner: { port: base } });
  }
  const near = expect.objectContaining({ level: 'warning', message: expect.stringContaining('less than 20 apart') });
  expect((await doctor([], { home })).of('base ports')).toEqual([near]);
  const stateDir = join(home, 'new');
  const planned = async (base: number) =>
    (await doctor(['--port', `${base}`, '--state-dir', stateDir], { home })).of('base ports');
  expect(await planned(port + 38)).toEqual([near, near]);
  expect(await planned(port + 39)).toEqual([near]);
});

describe('the check of service units by doctor', () => {
  const unit = '[Service]\nExecStart=/usr/bin/gateway-lock serve\nRestart=always\nRestartSec=5\n';

  test('doctor checks the units of the user together with their drop-ins', async () => {
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

  test('doctor checks the unit of --unit in any directory, and reports a missing unit as an error', async () => {
    const { args, port, directory } = await doctorPlace();
    writeFileSync(join(directory, 'a.socket'), `[Socket]\nListenStream=0.0.0.0:${port}\n`);
    writeFileSync(join(directory, 'b.plist'), '<plist><key>KeepAlive</key><true/></plist>');
    const units = ['a.socket', 'b.plist', 'c.service'].map((name) => join(directory, name));
    const { code, of } = await doctor([...args, '--unit', ...units]);
    expect([code, of('service units').map(({ level }) => level)]).toEqual([1, ['error', 'warning', 'error']]);
  });

  test('doctor finds no problems in units that `gateway-lock unit` printed', async () => {
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
