// gateway-lock run on Windows, where no program inherits a lock: the wrapper keeps the lock, and
// the program ends with the wrapper.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { tryAcquireLock } from '../../src/index.js';
import { need, whyNoPython, whyNotWindows } from '../support/capabilities.js';
import { COMMAND, gatewayLock, isAlive, printedPid, start, untilPrinted } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/until.js';

beforeEach((ctx) => need(ctx, whyNotWindows));

/** A program that prints its pid and then runs until it is ended. */
const STAY = [process.execPath, '-e', 'console.log(process.pid); setTimeout(() => {}, 60000)'];

const fresh = () => join(freshDirectory(), 'a.lock');

/**
 * Creates a batch file like those that npm creates, which make the program a grandchild of the
 * wrapper.
 */
function batch(...lines: string[]): string {
  const file = join(freshDirectory(), 'with space.cmd');
  writeFileSync(file, ['@echo off', ...lines, ''].join('\r\n'));
  return file;
}

test.each([0, 1, 7, 75, 255])('run returns the exit code of the program: %i', async (code) => {
  const ended = await gatewayLock(['run', '--lock', fresh(), '--', process.execPath, '-e', `process.exit(${code})`]);
  expect(ended).toEqual({ code, signal: null, out: '', err: '' });
});

test('the owner record names the wrapper, and a second run exits with 75', async () => {
  const lock = fresh();
  const run = start(['run', '--lock', lock, '--', ...STAY]);
  await printedPid(run);
  const refused = await gatewayLock(['run', '--no-wait', '--lock', lock, '--', ...STAY]);
  expect(refused).toMatchObject({ code: 75, out: '' });
  expect(refused.err).toContain(`pid ${run.pid}`);
});

describe('gateway-lock run on Windows and a hard kill', () => {
  test('a hard kill of the wrapper ends the program and frees the lock', async () => {
    const lock = fresh();
    const run = start(['run', '--lock', lock, '--', ...STAY]);
    const pid = await printedPid(run);
    run.child.kill('SIGKILL');
    await until(() => !isAlive(pid), 'the end of the program');
    await untilHad(lock);
  });

  test('a hard kill of the wrapper also ends the processes that the program has started', async () => {
    const lock = fresh();
    const run = start([
      'run',
      '--lock',
      lock,
      '--',
      batch(`"${process.execPath}" -e "console.log(process.pid); setTimeout(() => {}, 60000)"`),
    ]);
    const pid = await printedPid(run);
    run.child.kill('SIGKILL');
    await until(() => !isAlive(pid), 'the end of the grandchild');
    await untilHad(lock);
  });

  test('a hard kill of the program ends the wrapper', async () => {
    const lock = fresh();
    const run = start(['run', '--lock', lock, '--', ...STAY]);
    process.kill(await printedPid(run), 'SIGKILL');
    expect((await run.ended).code).toBe(1);
    await untilHad(lock);
  });
});

// Sends Ctrl+Break with Python, because Node cannot send it to a process group. Wine has no Python;
// the Windows runners of GitHub have Python.
const SEND_BREAK = `import os, signal, subprocess, sys
program = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True, creationflags=subprocess.CREATE_NEW_PROCESS_GROUP)
assert program.stdout.readline().strip() == 'ready'
os.kill(program.pid, signal.CTRL_BREAK_EVENT)
print(program.stdout.readline().strip(), program.wait(30))`;

test('the program of gateway-lock run decides how to end after Ctrl+Break was sent to the process group', async (ctx) => {
  need(ctx, whyNoPython);
  const program = `process.on('SIGBREAK', () => { console.log('asked'); process.exit(7); }); setInterval(() => {}, 1e6); console.log('ready')`;
  const run = [process.execPath, COMMAND, 'run', '--lock', fresh(), '--', process.execPath, '-e', program];
  const { stdout, stderr } = spawnSync('python3', ['-c', SEND_BREAK, ...run], { encoding: 'utf8', timeout: 50_000 });
  expect([stdout.trim(), stderr]).toEqual(['asked 7', '']);
});

describe('a batch file as the program of gateway-lock run', () => {
  test('a batch file as the program of gateway-lock run is found without its extension and receives its arguments unchanged', async () => {
    const file = batch(`"${process.execPath}" -p "JSON.stringify(process.argv.slice(1))" -- %*`);
    const words = ['a b', 'c&d', '^e|f', '(g)', 'h\\'];
    const ended = await gatewayLock(['run', '--lock', fresh(), '--', file.replace(/\.cmd$/, ''), ...words]);
    expect(ended.err).toBe('');
    expect(JSON.parse(ended.out)).toEqual(words);
  });

  test.each(['100%', 'say "no"'])(
    'a batch file as the program of gateway-lock run is not run with the argument %j',
    async (word) => {
      const ended = await gatewayLock(['run', '--lock', fresh(), '--', batch('echo run'), word]);
      expect(ended).toMatchObject({ code: 126, out: '' });
      expect(ended.err).toContain('to a batch file');
    },
  );
});

test.each([
  ['--exec', ['--exec'], 'not available on Windows, which cannot replace a process by another program'],
  ['--port', ['--port', '18790'], 'on Windows a program cannot inherit a socket. Add --no-handover'],
])('run %s reports a usage error with the reason on Windows', async (flag, flags, reason) => {
  const ended = await gatewayLock(['run', ...flags, '--', ...STAY]);
  expect(ended).toMatchObject({ code: 64, out: '' });
  expect(ended.err).toContain(`${flag}: ${reason}`);
});

test('run --port --no-handover lets the program bind the port', async () => {
  const port = await freePort();
  const serve = `require('net').createServer((s) => s.end('here')).listen(${port}, '127.0.0.1', () => console.log('up'))`;
  const run = start(['run', '--port', String(port), '--no-handover', '--', process.execPath, '-e', serve]);
  await untilPrinted(run, /up/);
  expect(await said(port)).toBe('here');
});

function said(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = connect(port, '127.0.0.1').on('error', reject);
    onTestFinished(() => void client.destroy());
    client.once('data', (bytes) => resolve(String(bytes)));
  });
}

async function untilHad(path: string): Promise<void> {
  await until(() => {
    const lock = tryAcquireLock(path);
    lock?.release();
    return lock !== null;
  }, `the lock at ${path}`);
}
