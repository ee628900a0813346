import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, parse } from 'node:path';
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest';
import { type Missing, need, whyNoSignals } from '../support/capabilities.js';
import { COMMAND, gatewayLock, start, untilPrinted } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { bootSystemd, SystemdInstance } from '../support/systemd.js';
import { complaintsOf, textsOf, wordsOfJob, wordsOfTask, wronglyTypedKeys } from '../support/units.js';
import { until } from '../support/until.js';

const HOSTILE = ['a b', '100%', '$HOME', '"q"', "it's", 'back\\slash', '<&>', ';', ''];
const node = realpathSync(process.execPath);

async function unit(args: readonly string[], home = freshDirectory()): Promise<string> {
  const { code, out, err } = await gatewayLock(['unit', ...args], { home });
  expect([code, err]).toEqual([0, '']);
  return out;
}

/** Parses `text` with a Python script, and returns the JSON that the script prints. */
function readByPython(script: string, text: string): unknown {
  return JSON.parse(execFileSync('python3', ['-c', `import sys, json\n${script}`], { input: text, encoding: 'utf8' }));
}

function whyNo(program: string): Missing {
  const { error } = spawnSync(program, ['--version']);
  return error === undefined ? null : `needs ${program}: ${error.message}`;
}

const needPython = (ctx: TestContext) => need(ctx, whyNo('python3'));

const readPlist = (text: string) =>
  readByPython('import plistlib\nprint(json.dumps(plistlib.loads(sys.stdin.buffer.read())))', text) as Record<
    string,
    unknown
  >;

/** Returns an object `{ tag: text }` for each leaf element of an XML text. */
const readTask = (text: string) =>
  readByPython(
    `import xml.etree.ElementTree as e
print(json.dumps({i.tag.split('}')[1]: i.text for i in e.fromstring(sys.stdin.buffer.read()).iter() if len(i) == 0}))`,
    text,
  ) as Record<string, string>;

/** Quotes a word for ExecStart: systemd needs quotes and a second backslash for each backslash. */
function inExecStart(word: string): string {
  return word.includes('\\') ? `"${word.replaceAll('\\', '\\\\')}"` : word;
}

function wordsOfExecStart(unit: string): string[] {
  const line = /^ExecStart=(.*)$/m.exec(unit)![1]!;
  return line.match(/"(?:[^"\\]|\\.)*"|\S+/g)!.map((word) => word.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1'));
}

function verify(content: string, scope: '--user' | '--system', others: Readonly<Record<string, string>> = {}) {
  const directory = freshDirectory();
  const files = { 'gateway.service': content, ...others };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const { status, stderr } = spawnSync(
    'systemd-analyze',
    [scope, 'verify', ...Object.keys(files).map((name) => join(directory, name))],
    {
      encoding: 'utf8',
      env: { ...process.env, XDG_RUNTIME_DIR: directory, HOME: directory },
    },
  );
  // Complaints about other units of this machine do not count.
  return {
    status,
    complaints: stderr
      .split('\n')
      .filter((line) => /gateway\.(service|socket)/.test(line))
      .join('\n'),
  };
}

describe('gateway-lock unit systemd', () => {
  test.for([
    ['--port', '18790', '--', 'node', ...HOSTILE],
    ['--user', '--port', '18790', '--', 'node', ...HOSTILE],
    ['--host', '192.0.2.1', '--name', 'a@b.c'],
    ['--user', '--state-dir', '/tmp/with space and 100%', '--config', '/tmp/x y.json', '--app', 'openclaw'],
    ['--lock', '/run/lock/a b.lock', '--', 'node'],
  ])('prints a unit that systemd-analyze verify accepts for %j', async (args, ctx) => {
    need(ctx, whyNo('systemd-analyze'));
    const text = await unit(['systemd', ...args]);
    // Checks the unit as printed, and with the hardening that its comments suggest.
    const hardened = text.replace(/^#(?=[A-Z][A-Za-z]+=)/gm, '');
    expect(hardened).toMatch(/^RestrictAddressFamilies=.*AF_NETLINK/m);
    const scope = args.includes('--user') ? '--user' : '--system';
    for (const content of [text, hardened])
      expect(verify(content, scope), content).toEqual({ status: 0, complaints: '' });
  });

  test('prints a service that restarts except after exit code 78, and whose processes all end on stop', async () => {
    const text = await unit(['systemd', '--port', '18790', '--', 'node', 'server.js']);
    for (const line of [
      'Type=notify',
      'NotifyAccess=main',
      'Restart=always',
      'RestartSec=5',
      'RestartPreventExitStatus=78',
      'KillMode=mixed',
      'TimeoutStopSec=30',
      'StartLimitIntervalSec=0',
      'After=network.target',
      'WantedBy=multi-user.target',
      ...(process.getuid?.() === 0 ? [] : [`User=${userInfo().username}`]),
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });

  test('prints ExecReload only for a program that inherits the socket', async () => {
    const reloads = async (...args: string[]) => (await unit(['systemd', ...args])).match(/^ExecReload=.*$/m)?.[0];
    const home = freshDirectory();
    const text = await unit(['systemd', '--port', '18790', '--', 'node', 'server.js'], home);
    const words = [node, COMMAND, 'reload', '--state-dir', join(home, '.gateway')].map(inExecStart);
    expect(text.split('\n')).toContain(`ExecReload=${words.join(' ')}`);
    expect(wordsOfExecStart(text).join(' ')).toContain('--reload-on SIGHUP');
    expect(await reloads('--port', '18790', '--no-handover', '--', 'node', 'server.js')).toBeUndefined();
    expect(await reloads('--', 'node', 'server.js')).toBeUndefined();
    expect(await reloads()).toBeUndefined();
  });

  test.for([
    { host: '127.0.0.1', listens: ['127.0.0.1:18790'] },
    { host: '::1', listens: ['[::1]:18790'] },
    { host: 'localhost', listens: ['127.0.0.1:18790', '[::1]:18790'] },
  ])('prints with --socket a socket unit for $host', async ({ host, listens }, ctx) => {
    need(ctx, whyNo('systemd-analyze'));
    const text = await unit(['systemd', '--socket', '--host', host, '--port', '18790', '--', 'node', 'server.js']);
    const lines = text.split('\n');
    expect(lines.filter((line) => line.startsWith('ListenStream='))).toEqual(
      listens.map((address) => `ListenStream=${address}`),
    );
    expect(lines).toEqual(expect.arrayContaining(['Backlog=4096', 'RequiredBy=gateway.service']));
    const service = await unit(['systemd', '--host', host, '--port', '18790', '--', 'node', 'server.js']);
    expect(verify(service, '--system', { 'gateway.socket': text })).toEqual({ status: 0, complaints: '' });
  });

  test.for([
    ['launchd', '--socket'],
    ['systemd', '--socket', '--', 'node', 'server.js'],
    ['systemd', '--socket', '--port', '18790', '--no-handover', '--', 'node', 'server.js'],
  ])('refuses %j, because no process would use the socket', async (args) => {
    const { code, err } = await gatewayLock(['unit', ...args]);
    expect([code, err]).toEqual([64, expect.stringContaining('--socket')]);
  });

  test('prints with --user no setting that only the system instance supports', async () => {
    const text = await unit(['systemd', '--user', '--host', '192.0.2.1']);
    expect(text).not.toMatch(/^(After|Wants|User)=/m);
    expect(text).toContain('WantedBy=default.target');
    expect(text).toContain('~/.config/systemd/user/gateway.service');
  });

  test('prints a unit that waits for the network only if the address needs the network', async () => {
    expect(await unit(['systemd', '--host', '192.0.2.1'])).toContain('After=network-online.target');
    expect(await unit(['systemd', '--host', '0.0.0.0'])).not.toContain('network-online');
  });

  test('prints every path explicitly, including paths from the environment', async () => {
    const home = freshDirectory();
    const env = {
      GATEWAY_STATE_DIR: join(home, 'state'),
      GATEWAY_CONFIG_PATH: join(home, 'c.json'),
      GATEWAY_GATEWAY_PORT: '7',
    };
    const { out } = await gatewayLock(['unit', 'systemd'], { home, env });
    const [state, config] = [inExecStart(join(home, 'state')), inExecStart(join(home, 'c.json'))];
    const words = `serve --state-dir ${state} --config ${config} --port 7`;
    expect(out).toContain(`ExecStart=${inExecStart(node)} ${inExecStart(COMMAND)} ${words}\n`);
    const run = await unit(['systemd', '--no-handover', '--health-path', '/live', '--', 'node', 'a'], home);
    const [own, program] = [inExecStart(join(home, '.gateway')), inExecStart(process.execPath)];
    expect(run).toContain(`run --supervised --no-handover --health-path /live --state-dir ${own} -- ${program} a\n`);
  });

  test('gateway-lock unit systemd uses the profile of --profile for the name of the unit and the state directory', async () => {
    const home = freshDirectory();
    const text = await unit(['systemd', '--user', '--profile', 'rescue', '--port', '18809'], home);
    expect(text).toContain('/gateway-rescue.service');
    expect(text).toContain(`--state-dir ${inExecStart(join(home, '.gateway-rescue'))} --port 18809`);
  });
});

test('a real systemd passes every argument of a printed unit to the program unchanged', async (ctx) => {
  const systemd = await bootSystemd();
  if (!(systemd instanceof SystemdInstance)) return ctx.skip(systemd.reason);
  onTestFinished(() => systemd.end());
  const words = [...HOSTILE, 'line\nfeed', '%h', '$$', '\\x41', '#', 'ünïcödé'];
  const show = 'console.log(JSON.stringify(process.argv.slice(1))); setInterval(() => {}, 1e6)';
  const state = join(freshDirectory(), '100% $HOME "q"');
  const text = await unit(['systemd', '--state-dir', state, '--', 'node', '-e', show, '--', ...words]);
  await systemd.installUnit('gateway.service', text);
  await systemd.start('gateway.service');
  await until(async () => (await systemd.journal('gateway.service')).length > 0, 'what the program prints', 30_000);
  expect(JSON.parse((await systemd.journal('gateway.service'))[0]!)).toEqual(words);
  expect(existsSync(join(state, 'tmp'))).toBe(true);
}, 90_000);

describe('gateway-lock unit launchd', () => {
  test('prints a property list with KeepAlive and --park', async (ctx) => {
    needPython(ctx);
    const home = freshDirectory();
    const text = await unit(['launchd', '--user', '--port', '1', '--name', 'org.x', '--', 'node', ...HOSTILE], home);
    const job = readPlist(text);
    expect(job['ProgramArguments']).toEqual(wordsOfJob(text));
    const words = [
      node,
      COMMAND,
      'run',
      '--supervised',
      '--park',
      '--state-dir',
      join(home, '.gateway'),
      '--port',
      '1',
    ];
    expect(job).toMatchObject({
      Label: 'org.x',
      ProgramArguments: [...words, '--', process.execPath, ...HOSTILE],
      RunAtLoad: true,
      KeepAlive: true,
      ThrottleInterval: 10,
      ExitTimeOut: 30,
      AbandonProcessGroup: false,
    });
    expect(job).not.toHaveProperty('Sockets');
  });

  test('prints --park for the demo gateway, too', async () => {
    const text = await unit(['launchd', '--user']);
    expect(wordsOfJob(text).slice(2, 4)).toEqual(['serve', '--park']);
    expect(text).toMatch(/<key>KeepAlive<\/key>\s*<true\/>/);
  });

  test.for([
    ['--user', '--port', '1', '--', 'node', ...HOSTILE],
    ['--name', 'org.x', '--state-dir', '/tmp/ünïcödé 日本'],
  ])('prints an ASCII property list with keys that launchd knows for %j', async (args) => {
    const text = await unit(['launchd', ...args]);
    expect(await complaintsOf(text, 'launchd')).toEqual([]);
    expect(wronglyTypedKeys(text)).toEqual([]);
    expect(text).toMatch(/^[\t\n\x20-\x7e]*$/);
  });

  test('prints a job with a PATH that contains node', async () => {
    const text = await unit(['launchd']);
    const path = /<key>PATH<\/key>\s*<string>([^<]*)</.exec(text)![1]!;
    expect(path).toBe(`${parse(process.execPath).dir}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`);
  });

  test('prints a job with a log file, for the machine and for a user', async () => {
    const home = freshDirectory();
    expect(await unit(['launchd', '--name', 'org.x'], home)).toContain('<string>/Library/Logs/org.x.log</string>');
    const log = join(home, 'Library/Logs/org.x.log');
    expect(await unit(['launchd', '--user', '--name', 'org.x'], home)).toContain(`<string>${log}</string>`);
  });

  test('warns about a folder to which macOS denies launchd jobs access', async () => {
    const home = freshDirectory();
    const state = join(home, 'Documents', 'state');
    const { code, out, err } = await gatewayLock(['unit', 'launchd', '--user', '--state-dir', state], { home });
    expect([code, wordsOfJob(out)]).toEqual([0, expect.arrayContaining([state])]);
    expect(err).toContain(`macOS denies launchd jobs access to ${state}. `);
    expect(err).toContain('Privacy & Security');
    expect((await gatewayLock(['unit', 'systemd', '--state-dir', state], { home })).err).toBe('');
  });
});

describe('gateway-lock unit schtasks', () => {
  test.for([
    ['--user', '--', 'node', ...HOSTILE],
    ['--name', 'a@b.c', '--state-dir', 'C:\\Üser\\日本 "x"'],
  ])('prints an ASCII task that conforms to the schema of the task scheduler for %j', async (args) => {
    const text = await unit(['schtasks', ...args]);
    expect(await complaintsOf(text, 'task')).toEqual([]);
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
  });

  test('gateway-lock unit schtasks is tested with a schema that refuses 999 restarts', async () => {
    const once = '<RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure>';
    const text = (await unit(['schtasks'])).replace('<Priority>', `${once}<Priority>`);
    expect(await complaintsOf(text, 'task')).toContainEqual(expect.stringContaining('Count'));
  });

  test('prints a task without a time limit that is started every minute', async (ctx) => {
    needPython(ctx);
    const text = await unit(['schtasks', '--', 'node', 'a b', '<&>']);
    const task = readTask(text);
    expect([task['Command'], task['Arguments']]).toEqual(
      ['Command', 'Arguments'].map((name) => textsOf(name, text)[0]),
    );
    expect(text).toMatch(/<TimeTrigger>\s*<Repetition>\s*<Interval>PT1M</);
    expect(task).toMatchObject({
      MultipleInstancesPolicy: 'IgnoreNew',
      ExecutionTimeLimit: 'PT0S',
      Priority: '5',
      StopIfGoingOnBatteries: 'false',
      Command: process.execPath,
      Arguments: expect.stringMatching(/ -- \S+ "a b" <&>$/),
    });
    expect(task).not.toHaveProperty('Count');
  });

  test('prints with --user a task that opens no window', async () => {
    const text = await unit(['schtasks', '--user']);
    expect(textsOf('Command', text)).toEqual(['%SystemRoot%\\System32\\conhost.exe']);
    expect(textsOf('Arguments', text)[0]).toMatch(/^--headless /);
    expect(wordsOfTask(text)[0]).toBe(process.execPath);
  });

  test('prints the account with its domain', async () => {
    const { out } = await gatewayLock(['unit', 'schtasks', '--user'], { env: { USERDOMAIN: 'WORK GROUP' } });
    expect(textsOf('UserId', out)).toEqual(Array(2).fill(`WORK GROUP\\${userInfo().username}`));
  });
});

describe('the command line of a unit', () => {
  // These tests start the command line as a service manager would: with its environment and without
  // a shell.
  test.each([
    ['schtasks', wordsOfTask, {}, 0],
    ['systemd', wordsOfExecStart, { INVOCATION_ID: 'x' }, 78],
  ] as const)(
    'the command line of a unit for %s starts a gateway, and a duplicate leaves the gateway running',
    async (kind, words, env, code) => {
      const home = freshDirectory();
      const port = await freePort();
      const program = words(await unit([kind, '--user', '--port', `${port}`], home));
      // Uses another home directory, because the unit must not depend on the home directory.
      const first = start([], { program, env });
      await untilPrinted(first, /gateway listening on .*\n/);
      const second = await gatewayLock([], { program, env });
      expect([second.code, second.out]).toEqual([code, '']);
      expect(second.err).toContain('already running and healthy');
      first.child.kill('SIGTERM');
      // On a system without signals, kill() ends the process at once.
      expect(await first.ended).toMatchObject(whyNoSignals === null ? { code: 0 } : { signal: 'SIGTERM' });
    },
  );

  test('the command line of a launchd job waits while a gateway is running, and starts when the gateway ends', async () => {
    const [home, env] = [freshDirectory(), { XPC_SERVICE_NAME: 'org.x' }];
    const program = wordsOfJob(await unit(['launchd', '--user', '--port', `${await freePort()}`], home));
    const first = start([], { program, env });
    await untilPrinted(first, /gateway listening on .*\n/);
    const second = start([], { program, env });
    const third = await gatewayLock([], { program: program.filter((word) => word !== '--park'), env });
    expect([third.code, third.out]).toEqual([0, '']);
    expect(second.child.exitCode).toBeNull();
    first.child.kill('SIGTERM');
    await untilPrinted(second, /gateway listening on .*\n/);
    second.child.kill('SIGTERM');
    await Promise.all([first.ended, second.ended]);
  });

  test('the command line of a scheduled task passes the arguments to the program', async () => {
    const program = wordsOfTask(await unit(['schtasks', '--', 'node', '-p', 'process.argv.slice(1)', '--', 'a b']));
    expect(await gatewayLock([], { program })).toEqual({ code: 0, signal: null, out: "[ 'a b' ]\n", err: '' });
  });
});

test.each([
  [['unit'], 64],
  [['unit', 'upstart'], 64],
  [['unit', 'systemd', 'node', '--port', 'x'], 64],
  [['unit', 'systemd', '--name', 'a/b'], 64],
  [['unit', 'launchd', '--', 'node', '\x1b'], 64],
  // Fails because a program on Windows cannot inherit a socket.
  [['unit', 'schtasks', '--port', '18790', '--', 'node'], 64],
  [['unit', 'systemd', '--', 'no-such-program-anywhere'], 127],
])('gateway-lock with the arguments %j exits with %d and one line, and prints no unit', async (args, code) => {
  const ended = await gatewayLock(args);
  expect([ended.code, ended.out]).toEqual([code, '']);
  expect(ended.err.split('\n')).toHaveLength(2);
});

test('gateway-lock unit resolves relative paths against its working directory', async () => {
  const directory = freshDirectory();
  mkdirSync(join(directory, 'x'));
  const { out } = await gatewayLock(['unit', 'systemd', '--state-dir', 'x'], { cwd: directory });
  expect(out).toContain(`--state-dir ${inExecStart(join(directory, 'x'))} `);
  expect(out).toContain(`WorkingDirectory=${directory}\n`);
});

test('a printed unit contains the absolute path of its program, even if PATH contains a relative directory', async () => {
  const directory = freshDirectory();
  // Every system accepts a file with the extension .exe and mode 755 as a program.
  writeFileSync(join(directory, 'own.exe'), '', { mode: 0o755 });
  const { code, out } = await gatewayLock(['unit', 'launchd', '--', 'own.exe'], { cwd: directory, env: { PATH: '.' } });
  expect([code, wordsOfJob(out).at(-1)]).toEqual([0, join(directory, 'own.exe')]);
});

test('a printed unit can have the root of a file system as its working directory, even with a final backslash', async () => {
  const { root } = parse(freshDirectory());
  const { code, out } = await gatewayLock(['unit', 'schtasks'], { cwd: root });
  expect([code, textsOf('WorkingDirectory', out)]).toEqual([0, [root]]);
});

test.for([
  ['_npx/8f497369b2d6166e/node_modules/.bin', true],
  ['pnpm/dlx/5a255e13/1a2272/node_modules/.bin', true],
  ['install/cache/.bunx-0/node_modules/.bin', true],
  ['dlx/node_modules/.bin', false],
] as const)('a program in %s: warns of a cache: %s', async ([folder, warns], ctx) => {
  need(ctx, process.platform === 'win32' ? 'the program is a shell script' : null);
  const home = freshDirectory();
  mkdirSync(join(home, folder), { recursive: true });
  const program = join(home, folder, 'server');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
  const { code, out, err } = await gatewayLock(['unit', 'systemd', '--', program], { home });
  expect(code).toBe(0);
  expect(out).toContain(program);
  expect(err.includes(`the unit names ${program}, which is in the cache of a package runner`)).toBe(warns);
});
