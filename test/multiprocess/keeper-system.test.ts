// `gateway-lock run` between a service manager or a container and the program: sockets, states and
// processes that it passes on.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { native } from '../../src/native/load.js';
import { type Missing, need, whyNoInheritance, whyNoPython } from '../support/capabilities.js';
import { COMMAND, gatewayLock, printedPid, start } from '../support/command.js';
import { CONTAINER, LEAVE_ORPHANS, whyNoContainer } from '../support/container.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { hasEnded, KeptProgram } from '../support/kept-program.js';
import { whyNoCompiler } from '../support/load.js';
import { until } from '../support/until.js';

beforeEach((ctx) => need(ctx, whyNoInheritance));

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const RUN = [process.execPath, COMMAND, 'run'];

describe('a program that calls accept() on the inherited socket without select()', () => {
  const whyNoPerl: Missing = spawnSync('perl', ['--version']).status === 0 ? null : 'needs perl';

  function compiled(): string {
    const file = join(freshDirectory(), 'blocking-server');
    execFileSync('cc', ['-o', file, fixture('blocking-server.c')], { stdio: 'pipe' });
    return file;
  }

  const SERVERS: readonly (readonly [string, () => Missing, () => string[]])[] = [
    ['C', whyNoCompiler, () => [compiled()]],
    ['Perl', () => whyNoPerl, () => ['perl', fixture('blocking-server.pl')]],
    ['Python', () => whyNoPython, () => ['python3', fixture('blocking-server.py')]],
  ];

  test.for(SERVERS)('serves in %s', async ([, missing, program], ctx) => {
    need(ctx, missing());
    const kept = await KeptProgram.start([], { program: program() });
    expect(await kept.servingPid()).toBe(kept.record()!.pid);
  });

  test('serves after a program that made the socket non-blocking', async (ctx) => {
    need(ctx, whyNoCompiler());
    const marker = join(freshDirectory(), 'second');
    const script = `if [ -e '${marker}' ]; then exec '${compiled()}'; fi; touch '${marker}'; exec "$@"`;
    const program = ['sh', '-c', script, 'sh', process.execPath, fixture('adopting-server.mjs')];
    const kept = await KeptProgram.start(['--restart', 'on-failure'], { program });
    const first = (await kept.servingPid())!;
    process.kill(first, 'SIGKILL');
    expect(await kept.waitForOther(first)).toBe(kept.record()!.pid);
    // accept() did not fail with EAGAIN.
    expect(kept.run.err).toBe('gateway-lock: the program ended by SIGKILL; starting it again in 100 ms\n');
  });
});

describe('run under a service manager that passes a socket', () => {
  /**
   * A program that listens on a port, runs its arguments twice with the socket as descriptor 3, and
   * then connects to the port.
   */
  const ACTIVATE = `
import os, socket, sys
server = socket.socket()
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()
for _ in range(2):
    pid = os.fork()
    if pid == 0:
        os.dup2(server.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="web")
        os.execvp(sys.argv[2], sys.argv[2:])
    os.waitpid(pid, 0)
socket.create_connection(("127.0.0.1", int(sys.argv[1])))
print("open")`;
  const SHOW =
    'echo $LISTEN_FDS $LISTEN_FDNAMES $((LISTEN_PID - $$)); for fd in 3 4; do readlink /proc/$$/fd/$fd | sed "s/:.*//; s/.*state/state/"; done';

  function shown(activated: number, flags: readonly string[]) {
    const program = ['python3', '-c', ACTIVATE, String(activated), ...RUN];
    return start([...flags, '--', 'sh', '-c', SHOW], { program }).ended;
  }

  beforeEach((ctx) => need(ctx, whyNoPython));

  test.each([
    ['passes the socket on unchanged without --port', () => [], '1 web 0\nsocket\nstate.lock\n'],
    ['passes the socket on unchanged with --exec', () => ['--exec'], '1 web 0\nsocket\nstate.lock\n'],
    [
      'passes the socket on behind its own if the port is another',
      async () => ['--port', String(await freePort())],
      '2 gateway:web 0\nsocket\nsocket\n',
    ],
    [
      'adopts the socket if host and port match',
      (port: number) => ['--port', String(port)],
      '1 gateway 0\nsocket\nstate.lock\n',
    ],
  ])('%s, and leaves it open', async (_, flags, expected) => {
    const port = await freePort();
    const { code, out, err } = await shown(port, await flags(port));
    expect([code, out, err]).toEqual([0, `${expected.repeat(2)}open\n`, '']);
  });
});

describe('NOTIFY_SOCKET', () => {
  const NOTIFYING = `
import os, signal, socket, sys
def notify(text):
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(text.encode(), os.environ["NOTIFY_SOCKET"])
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
notify("READY=1\\nSTATUS=serving\\nMAINPID=1")
notify("WATCHDOG=1")
print(os.getpid(), flush=True)
signal.pause()`;

  function openManager() {
    const path = join(freshDirectory(), 'notify');
    const id = native().openNotifySocket(path);
    onTestFinished(() => native().closeNotifySocket(id));
    const states: string[] = [];
    const received = async (state: string) =>
      until(
        () => {
          for (let text = native().readNotification(id); text !== null; text = native().readNotification(id)) {
            states.push(...text.split('\n').map((line) => line.replace(/^(MONOTONIC_USEC)=\d+$/, '$1')));
          }
          return states.includes(state);
        },
        `${state} in ${states}`,
        60_000,
      );
    return { path, states, received };
  }

  beforeEach((ctx) => need(ctx, whyNoPython));

  test('run reports the states of the program as its own, and passes on what describes the service', async () => {
    const { path, states, received } = openManager();
    const flags = ['run', '--reload-on', 'SIGHUP', '--', 'python3', '-c', NOTIFYING];
    const run = start(flags, { env: { NOTIFY_SOCKET: path } });
    const first = ['READY=1', 'STATUS=serving', 'WATCHDOG=1'];
    for (const state of first) await received(state);
    expect(states.splice(0).sort()).toEqual(first);
    run.child.kill('SIGHUP');
    await received('READY=1');
    expect(states.slice(0, 2)).toEqual(['RELOADING=1', 'MONOTONIC_USEC']);
    run.child.kill('SIGTERM');
    await received('STOPPING=1');
    expect(await run.ended).toMatchObject({ code: 0 });
  });

  test('run reports that it is ready once a program answers HTTP requests', async () => {
    const { path, received } = openManager();
    await KeptProgram.start([], { program: 'node', env: { NOTIFY_SOCKET: path } });
    await received('READY=1');
  });

  test('run leaves no socket behind', async () => {
    const { path } = openManager();
    const tmp = freshDirectory();
    const words = ['run', '--', 'sh', '-c', 'echo $NOTIFY_SOCKET'];
    const { out } = await gatewayLock(words, { env: { NOTIFY_SOCKET: path, TMPDIR: tmp } });
    expect(out).toMatch(new RegExp(`^${tmp}/gateway-lock-run-\\w+/notify\n$`));
    expect(existsSync(join(out, '..'))).toBe(false);
  });

  test('the directory that a killed run has left is removed by the next one', async () => {
    const { path } = openManager();
    const env = { NOTIFY_SOCKET: path, TMPDIR: freshDirectory() };
    const killed = start(['run', '--', 'sh', '-c', 'echo $$; exec sleep 60'], { env });
    await printedPid(killed);
    killed.child.kill('SIGKILL');
    await until(() => hasEnded(killed.pid), 'the end of the command');
    const [left] = readdirSync(env.TMPDIR);
    const date = new Date(Date.now() - 120_000);
    utimesSync(join(env.TMPDIR, left!), date, date);
    await gatewayLock(['run', '--', 'true'], { env });
    expect(readdirSync(env.TMPDIR)).toEqual([]);
  });

  test('WATCHDOG_PID names the program, and stays if it named another process', async () => {
    const { path } = openManager();
    const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '1000000' };
    const words = [...RUN, '--', 'sh', '-c', 'echo $((WATCHDOG_PID - $$))'];
    const asManager = ['sh', '-c', 'WATCHDOG_PID=$$; export WATCHDOG_PID; exec "$@"', 'sh', ...words];
    expect((await start([], { program: asManager, env }).ended).out).toBe('0\n');
    const other = { ...env, WATCHDOG_PID: '1' };
    const { out } = await gatewayLock(['run', '--', 'sh', '-c', 'echo $WATCHDOG_PID'], { env: other });
    expect(out).toBe('1\n');
  });

  test('run leaves no directory behind if the path is too long for a socket', async () => {
    const tmp = join(freshDirectory(), 'x'.repeat(120));
    mkdirSync(tmp);
    const { path } = openManager();
    const { code, err } = await gatewayLock(['run', '--', 'true'], { env: { NOTIFY_SOCKET: path, TMPDIR: tmp } });
    expect([code, err]).toEqual([1, expect.stringContaining(tmp)]);
    expect(readdirSync(tmp)).toEqual([]);
  });
});

describe('run as PID 1 of a container', () => {
  beforeEach((ctx) => need(ctx, whyNoContainer));

  test('reaps orphans of the program', async () => {
    const { out } = await start(['--', 'sh', '-c', LEAVE_ORPHANS], {
      program: [...CONTAINER, ...RUN],
      cwd: freshDirectory(),
    }).ended;
    expect(out).toMatch(/^\d+ done\n$/);
  });

  test('exits with 128 + the signal if a signal ends the program', async () => {
    const run = start(['--restart', 'always', '--', 'sh', '-c', 'kill -TERM 1; exec sleep 60'], {
      program: [...CONTAINER, ...RUN],
    });
    expect(await run.ended).toMatchObject({ code: 143 });
  });
});
