import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import { probeLock } from '../../src/index.js';
import { need, whyNoInheritance, whyNoPython } from '../support/capabilities.js';
import { COMMAND, gatewayLock, isAlive, printedPid, start } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { until } from '../support/until.js';

beforeEach((ctx) => need(ctx, whyNoInheritance));

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/** A program that prints its pid and then runs until it is ended. */
const STAY = ['sh', '-c', 'echo $$; exec sleep 60'];

function lockFiles(home: string): string[] {
  return readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.lock'));
}

/**
 * Resolves when the owner record names the program. The wrapper writes that record as soon as the
 * program runs.
 */
async function isNamed(home: string, pid: number): Promise<void> {
  const path = join(home, lockFiles(home).find((name) => name.endsWith('state.lock'))!);
  await until(() => probeLock(path).owner?.pid === pid, 'the record that names the program');
  expect(probeLock(path)).toMatchObject({ state: 'held', ownerAlive: true });
}

describe('the end of gateway-lock run', () => {
  test.each([0, 1, 7, 75, 255])('run ends with the exit code of its program: %i', async (code) => {
    const { err, ...end } = await gatewayLock(['run', '--', 'sh', '-c', `exit ${code}`]);
    expect([end, err]).toEqual([{ code, signal: null, out: '' }, '']);
  });

  test.each(['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGHUP'])(
    'run ends by the signal that ended its program: %s',
    async (signal) => {
      const words = ['run', '--', 'sh', '-c', `kill -${signal.slice(3)} $$`];
      expect(await gatewayLock(words)).toMatchObject({ code: null, signal });
    },
  );

  test('run ends with 128 + the signal after a core dump of its program, without a second dump', async () => {
    const words = ['run', '--', 'sh', '-c', 'ulimit -c 0; kill -SEGV $$'];
    expect(await gatewayLock(words)).toMatchObject({ code: 139, signal: null });
  });
});

describe('mistakes that gateway-lock run finds before it acquires a lock', () => {
  test.each([
    [127, 'no-such-program', "cannot run 'no-such-program': program not found"],
    [127, './no-such-program', "cannot run './no-such-program': program not found"],
    [126, '/etc/passwd', "cannot run '/etc/passwd': not an executable file"],
    [126, '/', "cannot run '/': not an executable file"],
  ])('run exits with %i and acquires no lock for the program %s', async (code, program, message) => {
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
  ])('gateway-lock exits with 64 and one line that names the mistake in the arguments %j', async (args, name) => {
    const { code, out, err } = await gatewayLock(args);
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(/^gateway-lock: [^\n]*\n$/);
    expect(err).toContain(name);
  });
});

test('run passes standard input and output to the program', async () => {
  const run = start(['run', '--', 'cat'], { stdin: 'pipe' });
  run.child.stdin!.end('through and through\n');
  expect(await run.ended).toMatchObject({ code: 0, signal: null });
  expect(run.out).toBe('through and through\n');
});

test('run passes options after the program to the program, even without --', async () => {
  const { out } = await gatewayLock(['run', 'echo', '--port', '-x', '--']);
  expect(out).toBe('--port -x --\n');
});

test('the owner record names the running program, and a second run exits with 75 and one line', async () => {
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

test('run --wait starts its program when the holder of the lock has ended', async () => {
  const home = freshDirectory();
  const first = start(['run', '--', ...STAY], { home });
  const pid = await printedPid(first);
  const second = start(['run', '--wait', '20000', '--', 'echo', 'at last'], { home });
  process.kill(pid, 'SIGKILL');
  expect(await second.ended).toMatchObject({ code: 0, signal: null });
  expect(second.out).toBe('at last\n');
});

test('run --wait exits with 75 when the time of --wait has passed', async () => {
  const home = freshDirectory();
  await printedPid(start(['run', '--', ...STAY], { home }));
  const second = await gatewayLock(['run', '--wait', '300', '--', 'echo', 'never'], { home });
  expect([second.code, second.out]).toEqual([75, '']);
  expect(second.err).toContain('lock timeout after 300ms');
});

describe('gateway-lock run and kill -9', () => {
  test('kill -9 of the wrapper alone does not free the lock while the program is running', async () => {
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

  test('kill -9 of the program ends the wrapper, and the next run succeeds', async () => {
    const home = freshDirectory();
    const run = start(['run', '--', ...STAY], { home });
    process.kill(await printedPid(run), 'SIGKILL');
    expect(await run.ended).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(lockFiles(home)).toEqual([]);
    expect(await gatewayLock(['run', '--no-wait', '--', 'echo', 'next'], { home })).toMatchObject({ code: 0 });
  });

  test('kill -9 of wrapper and program at once leaves nothing that blocks the next run', async () => {
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

test('a background process that the program of gateway-lock run leaves behind does not keep the lock', async () => {
  const home = freshDirectory();
  const run = start(['run', '--', 'sh', '-c', 'sleep 60 >/dev/null 2>&1 & echo $!'], { home });
  const left = await printedPid(run);
  expect(await run.ended).toMatchObject({ code: 0, signal: null });
  expect(isAlive(left)).toBe(true);
  expect(await gatewayLock(['run', '--no-wait', '--', 'echo', 'next'], { home })).toMatchObject({ code: 0 });
});

describe('a signal to gateway-lock run', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const)(
    '%s is passed on to the program, which decides how to end',
    async (signal) => {
      const program = `trap 'echo got ${signal}; kill $!; exit 9' ${signal.slice(3)}; sleep 60 & echo $$; wait`;
      const run = start(['run', '--', 'sh', '-c', program]);
      await printedPid(run);
      run.child.kill(signal);
      expect(await run.ended).toMatchObject({ code: 9, signal: null });
      expect(run.out).toContain(`got ${signal}\n`);
    },
  );

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s ends a run that waits for the lock', async (signal) => {
    const home = freshDirectory();
    await printedPid(start(['run', '--', ...STAY], { home }));
    const waiting = start(['run', '--wait', '60000', '--', 'echo', 'never'], { home });
    await until(() => loadsAddon(waiting.pid), 'the wait');
    waiting.child.kill(signal);
    expect(await waiting.ended).toMatchObject({ code: null, signal });
    expect([waiting.out, waiting.err]).toEqual(['', '']);
  });
});

test('Ctrl-C at a terminal reaches the program of gateway-lock run only once', async (ctx) => {
  if (whyNoPython !== null) return ctx.skip(whyNoPython);
  const words = [process.execPath, COMMAND, 'run', '--', process.execPath, fixture('counting-signals.mjs')];
  const run = start(words, { program: ['python3', fixture('at-terminal.py')] });
  expect(await run.ended).toMatchObject({ code: 5, signal: null });
  expect(run.out).toContain('received 1\r\n');
});

/**
 * Returns true once the process has loaded the addon. The process installs its signal handlers
 * before that.
 */
function loadsAddon(pid: number): boolean {
  return readFileSync(`/proc/${pid}/maps`, 'utf8').includes('gateway_lock.node');
}

describe('run --lock', () => {
  test('creates only the lock file, and no state directory', async () => {
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

  test('exits with 1 and names the path if the directory does not exist', async () => {
    const path = join(freshDirectory(), 'missing', 'a.lock');
    const { code, err } = await gatewayLock(['run', '--lock', path, '--', 'true']);
    expect(code).toBe(1);
    expect(err).toContain(`failed to acquire gateway lock at ${path}: ENOENT`);
  });

  test('exits with 64 and changes nothing if the file is not a lock file', async () => {
    const path = join(freshDirectory(), 'notes.txt');
    writeFileSync(path, 'mine\n');
    const { code, err } = await gatewayLock(['run', '--lock', path, '--', 'true']);
    expect([code, readFileSync(path, 'utf8')]).toEqual([64, 'mine\n']);
    expect(err).toContain(`'${path}' is not a lock file and would be overwritten`);
  });

  test.each(['', '{"pid":', '{"pid":1'])('acquires a leftover lock file with the content %j', async (content) => {
    const path = join(freshDirectory(), 'a.lock');
    writeFileSync(path, content);
    expect(await gatewayLock(['run', '--lock', path, '--', 'true'])).toMatchObject({ code: 0 });
  });
});

describe('run --exec', () => {
  test('gives the program the pid, the standard streams and the lock of the wrapper', async () => {
    const home = freshDirectory();
    const run = start(['run', '--exec', '--', ...STAY], { home });
    expect(await printedPid(run)).toBe(run.pid);
    expect(await gatewayLock(['run', '--no-wait', '--', 'true'], { home })).toMatchObject({ code: 75 });
    run.child.kill('SIGTERM');
    expect(await run.ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    // The lock files remain, because there is no wrapper that could remove them. They block
    // nothing.
    expect(lockFiles(home)).toHaveLength(2);
    expect(await gatewayLock(['run', '--no-wait', '--', 'echo', 'next'], { home })).toMatchObject({
      code: 0,
      out: 'next\n',
    });
  });

  test('run --exec does not let the program ignore SIGPIPE', async () => {
    const { out } = await gatewayLock(['run', '--exec', '--', 'grep', 'SigIgn', '/proc/self/status']);
    expect(Number.parseInt(out.split('\t')[1]!, 16)).toBe(0);
  });

  test('exits with 126 and keeps no lock if the file is not a program', async () => {
    const home = freshDirectory();
    const file = join(home, 'text');
    writeFileSync(file, 'no program\n', { mode: 0o755 });
    const { code, err } = await gatewayLock(['run', '--exec', '--', file], { home });
    expect([code, err]).toEqual([126, `gateway-lock: ENOEXEC: exec format error, execve '${file}'\n`]);
    expect(lockFiles(home)).toEqual([]);
  });
});

test('run without --port hands over no socket and removes the LISTEN_* variables of an outer activation', async () => {
  const env = { LISTEN_PID: '1', LISTEN_FDS: '1', LISTEN_FDNAMES: 'outer' };
  const { out } = await gatewayLock(['run', '--', 'env'], { env });
  expect(out).not.toMatch(/^LISTEN_/m);
});

test('run removes the lock files when it ends and keeps the state directory', async () => {
  const home = freshDirectory();
  expect(await gatewayLock(['run', '--', 'true'], { home })).toMatchObject({ code: 0 });
  expect([existsSync(join(home, '.gateway')), lockFiles(home)]).toEqual([true, []]);
});
