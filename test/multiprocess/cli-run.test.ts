import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import { probeLock } from '../../src/index.js';
import { need, whyNoInheritance, whyNoPython } from '../support/capabilities.js';
import { COMMAND, gatewayLock, isAlive, printedPid, start } from '../support/command.js';
import { freshDirectory, until } from '../support/places.js';

beforeEach((ctx) => need(ctx, whyNoInheritance));

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/** Prints its pid, then lives until it is ended. */
const STAY = ['sh', '-c', 'echo $$; exec sleep 60'];

function lockFiles(home: string): string[] {
  return readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.lock'));
}

/** The wrapper writes it as soon as the program runs. */
async function isNamed(home: string, pid: number): Promise<void> {
  const path = join(home, lockFiles(home).find((name) => name.endsWith('state.lock'))!);
  await until(() => probeLock(path).owner?.pid === pid, 'the record that names the program');
  expect(probeLock(path)).toMatchObject({ state: 'held', ownerAlive: true });
}

describe('the exit code is the program’s', () => {
  test.each([0, 1, 7, 75, 255])('%i', async (code) => {
    const { err, ...end } = await gatewayLock(['run', '--', 'sh', '-c', `exit ${code}`]);
    expect([end, err]).toEqual([{ code, signal: null, out: '' }, '']);
  });

  test.each(['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGHUP'])(
    'a program that %s ended: so is the command',
    async (signal) => {
      const words = ['run', '--', 'sh', '-c', `kill -${signal.slice(3)} $$`];
      expect(await gatewayLock(words)).toMatchObject({ code: null, signal });
    },
  );

  test('a program that dumped core: 128 + its signal, without a second dump', async () => {
    const words = ['run', '--', 'sh', '-c', 'ulimit -c 0; kill -SEGV $$'];
    expect(await gatewayLock(words)).toMatchObject({ code: 139, signal: null });
  });
});

describe('before anything is locked', () => {
  test.each([
    [127, 'no-such-program', "cannot run 'no-such-program': there is no such program"],
    [127, './no-such-program', "cannot run './no-such-program': there is no such program"],
    [126, '/etc/passwd', "cannot run '/etc/passwd': not an executable file"],
    [126, '/', "cannot run '/': not an executable file"],
  ])('exit %i for %s', async (code, program, message) => {
    const home = freshDirectory();
    expect(await gatewayLock(['run', '--', program], { home })).toEqual({
      code,
      signal: null,
      out: '',
      err: `gateway-lock: ${message}\n`,
    });
    expect(readdirSync(home)).toEqual([]);
  });

  test.each([
    [['run'], 'command'],
    [['run', '--port', 'http', '--', 'true'], '--port'],
    [['run', '--port', '65536', '--', 'true'], '--port'],
    [['run', '--wait', 'long', '--', 'true'], '--wait'],
    [['run', '--host', 'example.com', '--', 'true'], 'host'],
    [['run', '--lock', 'a', '--state-dir', 'b', '--', 'true'], '--state-dir'],
    [['run', '--bogus', '--', 'true'], '--bogus'],
    [['bogus'], 'bogus'],
  ])('%j is a usage error: exit 64 and one line that names it', async (args, name) => {
    const { code, out, err } = await gatewayLock(args);
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(/^gateway-lock: [^\n]*\n$/);
    expect(err).toContain(name);
  });
});

test('standard input and output are the program’s own', async () => {
  const run = start(['run', '--', 'cat'], { stdin: 'pipe' });
  run.child.stdin!.end('through and through\n');
  expect(await run.ended).toMatchObject({ code: 0, signal: null });
  expect(run.out).toBe('through and through\n');
});

test('options behind the program are its own, also without --', async () => {
  const { out } = await gatewayLock(['run', 'echo', '--port', '-x', '--']);
  expect(out).toBe('--port -x --\n');
});

test('while it runs the record names the program, and a second one is refused with 75 in one line', async () => {
  const home = freshDirectory();
  const run = start(['run', '--', ...STAY], { home });
  const pid = await printedPid(run);
  await isNamed(home, pid);
  const second = await gatewayLock(['run', '--no-wait', '--', 'echo', 'never'], { home });
  expect(second).toMatchObject({ code: 75, out: '' });
  expect(second.err).toMatch(
    new RegExp(
      `^gateway-lock: gateway already running \\(pid ${pid}\\); lock timeout after 0ms\\. [^\\n]*kill ${pid}[^\\n]*\\n$`,
    ),
  );
  process.kill(pid, 'SIGTERM');
  expect(await run.ended).toMatchObject({ code: null, signal: 'SIGTERM' });
  expect(lockFiles(home)).toEqual([]);
});

test('--wait: a second one runs when the first has ended', async () => {
  const home = freshDirectory();
  const first = start(['run', '--', ...STAY], { home });
  const pid = await printedPid(first);
  const second = start(['run', '--wait', '20000', '--', 'echo', 'at last'], { home });
  process.kill(pid, 'SIGKILL');
  expect(await second.ended).toMatchObject({ code: 0, signal: null });
  expect(second.out).toBe('at last\n');
});

test('--wait: exit 75 when it was too short', async () => {
  const home = freshDirectory();
  await printedPid(start(['run', '--', ...STAY], { home }));
  const second = await gatewayLock(['run', '--wait', '300', '--', 'echo', 'never'], { home });
  expect([second.code, second.out]).toEqual([75, '']);
  expect(second.err).toContain('lock timeout after 300ms');
});

describe('kill -9', () => {
  test('of the wrapper alone lets nobody in while the program lives', async () => {
    const home = freshDirectory();
    const run = start(['run', '--', ...STAY], { home });
    const pid = await printedPid(run);
    await isNamed(home, pid);
    run.child.kill('SIGKILL');
    await until(() => run.child.signalCode === 'SIGKILL', 'the end of the wrapper');
    expect(isAlive(pid)).toBe(true);
    const refused = await gatewayLock(['run', '--wait', '300', '--', 'echo', 'never'], { home });
    expect([refused.code, refused.out]).toEqual([75, '']);
    expect(refused.err).toContain(`(pid ${pid})`);
    process.kill(pid, 'SIGKILL');
    expect(await gatewayLock(['run', '--', 'echo', 'next'], { home })).toEqual({
      code: 0,
      signal: null,
      out: 'next\n',
      err: '',
    });
  });

  test('of the program ends the wrapper, and the next one runs', async () => {
    const home = freshDirectory();
    const run = start(['run', '--', ...STAY], { home });
    process.kill(await printedPid(run), 'SIGKILL');
    expect(await run.ended).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(lockFiles(home)).toEqual([]);
    expect(await gatewayLock(['run', '--no-wait', '--', 'echo', 'next'], { home })).toMatchObject({ code: 0 });
  });

  test('of both at once leaves nothing that blocks', async () => {
    const home = freshDirectory();
    const run = start(['run', '--', ...STAY], { home });
    const pid = await printedPid(run);
    run.child.kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid), 'the end of the program');
    expect(await gatewayLock(['run', '--no-wait', '--', 'echo', 'next'], { home })).toMatchObject({
      code: 0,
      out: 'next\n',
    });
  });
});

test('a background process that the program leaves behind keeps nothing', async () => {
  const home = freshDirectory();
  const run = start(['run', '--', 'sh', '-c', 'sleep 60 >/dev/null 2>&1 & echo $!'], { home });
  const left = await printedPid(run);
  expect(await run.ended).toMatchObject({ code: 0, signal: null });
  expect(isAlive(left)).toBe(true);
  expect(await gatewayLock(['run', '--no-wait', '--', 'echo', 'next'], { home })).toMatchObject({ code: 0 });
});

describe('signals', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const)(
    '%s is passed on, and the program decides',
    async (signal) => {
      const program = `trap 'echo got ${signal}; kill $!; exit 9' ${signal.slice(3)}; sleep 60 & echo $$; wait`;
      const run = start(['run', '--', 'sh', '-c', program]);
      await printedPid(run);
      run.child.kill(signal);
      expect(await run.ended).toMatchObject({ code: 9, signal: null });
      expect(run.out).toContain(`got ${signal}\n`);
    },
  );

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s while it waits for the lock ends it by that signal',
    async (signal) => {
      const home = freshDirectory();
      await printedPid(start(['run', '--', ...STAY], { home }));
      const waiting = start(['run', '--wait', '60000', '--', 'echo', 'never'], { home });
      await until(() => loadsAddon(waiting.pid), 'the wait');
      waiting.child.kill(signal);
      expect(await waiting.ended).toMatchObject({ code: null, signal });
      expect([waiting.out, waiting.err]).toEqual(['', '']);
    },
  );
});

test('Ctrl-C at a terminal reaches the program once, and not once more through the wrapper', async (ctx) => {
  if (whyNoPython !== null) return ctx.skip(whyNoPython);
  const words = [process.execPath, COMMAND, 'run', '--', process.execPath, fixture('counting-signals.mjs')];
  const run = start(words, { program: ['python3', fixture('at-terminal.py')] });
  expect(await run.ended).toMatchObject({ code: 5, signal: null });
  expect(run.out).toContain('received 1\r\n');
});

/** From then on its handlers are installed. */
function loadsAddon(pid: number): boolean {
  return readFileSync(`/proc/${pid}/maps`, 'utf8').includes('gateway_lock.node');
}

describe('--lock FILE', () => {
  test('is the only file, and has no state directory', async () => {
    const home = freshDirectory();
    const path = join(freshDirectory(), 'backup.lock');
    const run = start(['run', '--lock', path, '--', ...STAY], { home });
    await printedPid(run);
    expect(readdirSync(home)).toEqual([]);
    expect(probeLock(path).state).toBe('held');
    expect(await gatewayLock(['run', '--no-wait', '--lock', path, '--', 'true'], { home })).toMatchObject({ code: 75 });
    expect(await gatewayLock(['run', '--no-wait', '--lock', `${path}2`, '--', 'true'], { home })).toMatchObject({
      code: 0,
    });
  });

  test('in a directory that does not exist is an error that names it, and no usage error', async () => {
    const path = join(freshDirectory(), 'missing', 'a.lock');
    const { code, err } = await gatewayLock(['run', '--lock', path, '--', 'true']);
    expect(code).toBe(1);
    expect(err).toContain(`failed to acquire gateway lock at ${path}: ENOENT`);
  });

  test('a file that holds something else is refused, and nothing of it is lost', async () => {
    const path = join(freshDirectory(), 'notes.txt');
    writeFileSync(path, 'mine\n');
    const { code, err } = await gatewayLock(['run', '--lock', path, '--', 'true']);
    expect([code, readFileSync(path, 'utf8')]).toEqual([64, 'mine\n']);
    expect(err).toContain(`'${path}' is not a lock file and would be overwritten`);
  });

  test.each(['', '{"pid":', '{"pid":1'])('a leftover with %j in it is taken', async (content) => {
    const path = join(freshDirectory(), 'a.lock');
    writeFileSync(path, content);
    expect(await gatewayLock(['run', '--lock', path, '--', 'true'])).toMatchObject({ code: 0 });
  });
});

describe('--exec', () => {
  test('the program has the wrapper’s pid, its standard streams, the lock, and no wrapper', async () => {
    const home = freshDirectory();
    const run = start(['run', '--exec', '--', ...STAY], { home });
    expect(await printedPid(run)).toBe(run.pid);
    expect(await gatewayLock(['run', '--no-wait', '--', 'true'], { home })).toMatchObject({ code: 75 });
    run.child.kill('SIGTERM');
    expect(await run.ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    // Nobody was left to remove the files: they block nothing.
    expect(lockFiles(home)).toHaveLength(2);
    expect(await gatewayLock(['run', '--no-wait', '--', 'echo', 'next'], { home })).toMatchObject({
      code: 0,
      out: 'next\n',
    });
  });

  test('the program ends when its reader does: SIGPIPE is not ignored', async () => {
    const { out } = await gatewayLock(['run', '--exec', '--', 'grep', 'SigIgn', '/proc/self/status']);
    expect(Number.parseInt(out.split('\t')[1]!, 16)).toBe(0);
  });

  test('a file that is no program: exit 126, and nothing stays locked', async () => {
    const home = freshDirectory();
    const file = join(home, 'text');
    writeFileSync(file, 'no program\n', { mode: 0o755 });
    const { code, err } = await gatewayLock(['run', '--exec', '--', file], { home });
    expect([code, err]).toEqual([126, `gateway-lock: ENOEXEC: exec format error, execve '${file}'\n`]);
    expect(lockFiles(home)).toEqual([]);
  });
});

test('without --port no socket is handed over, and LISTEN_* of an outer activation is not passed on', async () => {
  const env = { LISTEN_PID: '1', LISTEN_FDS: '1', LISTEN_FDNAMES: 'outer' };
  const { out } = await gatewayLock(['run', '--', 'env'], { env });
  expect(out).not.toMatch(/^LISTEN_/m);
});

test('the lock file goes with the program, and the state directory stays', async () => {
  const home = freshDirectory();
  expect(await gatewayLock(['run', '--', 'true'], { home })).toMatchObject({ code: 0 });
  expect([existsSync(join(home, '.gateway')), lockFiles(home)]).toEqual([true, []]);
});
