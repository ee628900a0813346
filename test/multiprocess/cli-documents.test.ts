import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { examplesOf } from '../../src/cli/examples.js';
import { createProgram } from '../../src/cli/program.js';
import {
  type Missing,
  need,
  whyNoInheritance,
  whyNoPython,
  whyNoShell,
  whyNoSignals,
} from '../support/capabilities.js';
import { fetched } from '../support/clients.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { startLine } from '../support/shell-lines.js';
import { until } from '../support/until.js';

const page = (name: string) => readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), 'utf8');
const documents = page('README.md') + page('docs/cli.md');
const documentLines = blocks('sh').flatMap((block) =>
  block.split('\n').filter((line) => /gateway-lock (run|serve)\b/.test(line)),
);
const helpLines = createProgram()
  .commands.filter((command) => ['run', 'serve'].includes(command.name()))
  .flatMap((command) => examplesOf(command).map(({ line }) => line));

function blocks(language: string): string[] {
  return [...documents.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((match) => match[1]!);
}

/**
 * Creates a home with the files that the command lines use, as README and docs/cli.md show them.
 */
function directoryOfTheReader(): string {
  const home = freshDirectory();
  for (const [name, language] of [
    ['server.js', 'js'],
    ['server.py', 'python'],
  ] as const) {
    const code = blocks(language).find((block) => block.includes(name))!;
    writeFileSync(join(home, name), code);
  }
  writeFileSync(join(home, 'worker.js'), 'console.log("done")');
  writeFileSync(join(home, 'backup.sh'), '#!/bin/sh\necho backup\n', { mode: 0o755 });
  mkdirSync(join(home, 'run/lock'), { recursive: true });
  return home;
}

function isServer(line: string): boolean {
  return /server|serve\b/.test(line) && !/backup/.test(line);
}

/** Returns a reason to skip a command line if this machine lacks a program that the line needs. */
function whyNotHere(line: string): Missing {
  const binds = /--port/.test(line) && /gateway-lock run/.test(line) && !/--no-handover/.test(line);
  if (binds || /--exec/.test(line)) return whyNoInheritance;
  if (/python3/.test(line)) return whyNoPython;
  if (/ -- tar/.test(line)) return spawnSync('tar', ['--version']).status === 0 ? null : 'needs tar';
  return /\.sh$/.test(line) ? whyNoShell : null;
}

/** Returns the expected end after SIGTERM. Without signals, kill() ends any process at once. */
function endOf(line: string): object {
  const inOrder = / serve( |$)/.test(line) && whyNoSignals === null;
  return inOrder ? { code: 0, signal: null } : { code: null, signal: 'SIGTERM' };
}

describe.each([
  ['README and docs/cli.md', documentLines],
  ['--help', helpLines],
])('the command lines of %s', (where, lines) => {
  test(`there are command lines to test in ${where}`, () => expect(lines.length).toBeGreaterThan(3));

  test.for(lines.filter(isServer))('the command line starts a server: %s', async (line, ctx) => {
    need(ctx, whyNotHere(line));
    const ports = { 18789: await freePort(), 18790: await freePort(), 18809: await freePort() };
    const [port = 18789] = (/--port (\d+)/.exec(line) ?? []).slice(1).map(Number);
    const run = startLine(line.includes('--port') ? line : `${line} --port 18789`, directoryOfTheReader(), ports);
    await until(() => answers(ports[port as keyof typeof ports]), `an answer; ${run.err}`);
    run.child.kill('SIGTERM');
    expect(await run.ended).toMatchObject(endOf(line));
  });

  test.for(lines.filter((line) => !isServer(line)))('the command line exits with 0: %s', async (line, ctx) => {
    need(ctx, whyNotHere(line));
    const home = directoryOfTheReader();
    const run = startLine(line.replace('/run/lock', 'run/lock'), home, {});
    expect(await run.ended).toMatchObject({ code: 0, signal: null, err: '' });
  });
});

/**
 * Returns true if a server answers on the port. Does not use fetch(), which cannot connect in Wine
 * 8.
 */
async function answers(port: number): Promise<boolean> {
  try {
    await fetched(request, { host: '127.0.0.1', port });
    return true;
  } catch {
    return false;
  }
}

test('every command has examples in its --help', () => {
  const commands = createProgram().commands as readonly Command[];
  expect(commands.filter((command) => examplesOf(command).length === 0).map((command) => command.name())).toEqual([]);
});
