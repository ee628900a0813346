import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Actor, startActor } from '../support/actors.js';
import { need, whyNoShell, whyNoSignals } from '../support/capabilities.js';
import { COMMAND, start, untilPrinted } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { Terminal, whyNoTerminal } from '../support/terminal.js';

/** Starts a gateway that answers requests on its port. */
async function startGateway(stateDir: string, port: number): Promise<Actor> {
  const actor = await startActor();
  await actor.call('gateway', { stateDir, port });
  await actor.call('serve');
  return actor;
}

/** Changes the lock file repeatedly, so that `status --watch` has changes to print. */
async function changeUntil(path: string, over: () => boolean): Promise<void> {
  for (let turn = 0; !over(); turn++) {
    writeFileSync(path, turn % 2 ? '' : '{"pid":2147483647}');
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

describe('status --watch into a pipe', () => {
  test('prints one line of JSON after each change', async () => {
    const path = join(freshDirectory(), 'job.lock');
    const run = start(['status', '--lock', path, '--json', '--watch', '--interval', '100']);
    await untilPrinted(run, /"missing"/);
    const actor = await startActor();
    await actor.call('tryAcquire', path);
    await untilPrinted(run, /"held"/);
    await actor.call('release', path);
    await untilPrinted(run, /"held"[\s\S]*"free"/);
    run.child.kill('SIGINT');
    const states = (await run.ended).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).locks[0].state);
    expect(states).toEqual(['missing', 'held', 'free']);
    expect(run.out).not.toContain('\x1b');
  });

  test('exits with 0 on SIGINT', async (ctx) => {
    need(ctx, whyNoSignals);
    const run = start(['status', '--lock', join(freshDirectory(), 'job.lock'), '--watch']);
    await untilPrinted(run, /LOCK/);
    run.child.kill('SIGINT');
    expect(await run.ended).toMatchObject({ code: 0, signal: null, err: '' });
  });

  test('exits with 0 when the reading end of the pipe is closed', async () => {
    const path = join(freshDirectory(), 'job.lock');
    const run = start(['status', '--interval', '100', '--lock', path]);
    await untilPrinted(run, /LOCK/);
    run.child.stdout!.destroy();
    await changeUntil(path, () => run.child.exitCode !== null);
    expect(await run.ended).toMatchObject({ code: 0, signal: null, err: '' });
  });

  test('exits with 0 when the process that reads the pipe has ended', async (ctx) => {
    need(ctx, whyNoShell);
    const path = join(freshDirectory(), 'job.lock');
    const run = start([], {
      program: [
        '/bin/sh',
        '-c',
        '{ "$0" "$1" status --interval 100 --lock "$2"; echo $? >&2; } | head -n 1',
        process.execPath,
        COMMAND,
        path,
      ],
    });
    await untilPrinted(run, /LOCK/);
    await changeUntil(path, () => run.err !== '');
    expect((await run.ended).err).toBe('0\n');
  });
});

describe('status on a terminal', () => {
  const missing = whyNoTerminal();

  test('prints a table with colours if the terminal is wide, and blocks if it is narrow', async (ctx) => {
    if (missing !== null) ctx.skip(missing);
    const home = freshDirectory();
    await startGateway(join(home, '.gateway'), await freePort());
    const command = `'${process.execPath}' '${COMMAND}' status`;
    const wide = new Terminal(command, { columns: 200, rows: 30, home });
    await wide.shows(/LOCK +STATE[\s\S]*held/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are the subject
    expect(wide.colours()).toMatch(/\x1b\[32mhealthy/);
    const plain = new Terminal(command, { columns: 200, rows: 30, home, env: { NO_COLOR: '1' } });
    await plain.shows(/LOCK +STATE[\s\S]*held/);
    expect(plain.colours()).not.toContain('\x1b[32m');
    const narrow = new Terminal(command, { columns: 60, rows: 30, home });
    await narrow.shows(/state +held[\s\S]*health +healthy/);
    expect(narrow.screen()).not.toContain('LOCK');
  });

  test('with --watch redraws in place, adapts to the size, hides the cursor and restores the cursor on Ctrl-C', async (ctx) => {
    if (missing !== null) ctx.skip(missing);
    const home = freshDirectory();
    const stateDir = join(home, '.gateway');
    const terminal = new Terminal(`'${process.execPath}' '${COMMAND}' status --watch --interval 200`, {
      columns: 200,
      rows: 30,
      home,
    });
    await terminal.shows(/No locks in/);
    expect(terminal.ask('cursor_flag')).toBe('0');
    const gateway = await startGateway(stateDir, await freePort());
    await terminal.shows(/held .*healthy/);
    expect(terminal.screen()).not.toContain('No locks in');
    terminal.resize(60, 30);
    await terminal.shows(/state +held/);
    terminal.resize(60, 6);
    await terminal.shows(/more lines/);
    terminal.resize(200, 30);
    await terminal.shows(/LOCK +STATE/);
    await gateway.kill();
    await terminal.shows(/leftover +\d+ \(gone\)/);
    terminal.type('C-c');
    await terminal.shows(/exit=0/);
    expect(terminal.ask('cursor_flag')).toBe('1');
  });
});
