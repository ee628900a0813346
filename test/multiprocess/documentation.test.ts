// Checks the documentation: each link has a target, each code block runs, and each export and error
// code is described.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { probeHealth } from '../../src/index.js';
import { native } from '../../src/native/load.js';
import { need, whyNoInheritance, whyNoShell, whyNoSignals } from '../support/capabilities.js';
import { environment } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { anchorsOf, blocksOf, linksOf, manual, pages, ROOT, recipes, textOf } from '../support/markdown.js';
import { startLine } from '../support/shell-lines.js';
import { until } from '../support/until.js';

test('there are documentation pages to check', () => {
  expect(pages.length).toBeGreaterThan(30);
  expect(manual).toContain('docs/api.md');
});

test.each(pages)('each relative link of %s leads to a file and a heading', (page) => {
  expect(linksOf(page).filter((link) => !exists(link))).toEqual([]);
});

describe('the JavaScript blocks of the documentation', () => {
  const blocks = manual.flatMap((page) => blocksOf(page, 'js').map((code, index) => ({ page, index, code })));
  const programs = blocks.filter(({ code }) => !isServer(code) && !code.startsWith('// server.js'));

  test('the documentation contains JavaScript blocks', () => {
    expect(programs.length).toBeGreaterThan(5);
  });

  test.for(programs)('the JavaScript block $index of $page runs as written', async ({ code }) => {
    const { child, errors } = await startBlock(code);
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(errors()).toBe('');
  });
});

test('each TypeScript block of the documentation compiles', () => {
  const directory = freshDirectory(join(ROOT, 'build'));
  const blocks = manual.flatMap((page) => blocksOf(page, 'ts'));
  for (const [index, code] of blocks.entries()) writeFileSync(join(directory, `block-${index}.mts`), code);
  const options = { extends: join(ROOT, 'tsconfig.json'), include: ['*.mts'], exclude: [], compilerOptions: OPTIONS };
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(options));
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', directory], { encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
});

const OPTIONS = { noEmit: true, rootDir: '.', emitDeclarationOnly: false, declaration: false };

// test/multiprocess/cli-documents.test.ts tests the command lines that run a program.
describe('the command lines of the documentation that only print', () => {
  const lines = [...manual, ...recipes].flatMap((page) =>
    blocksOf(page, 'sh').flatMap((block) => block.trim().split('\n')),
  );
  const printing = lines.filter((line) => /^(npx )?gateway-lock (?!run|serve)/.test(line));

  test('the documentation contains command lines that only print', () => {
    expect(printing.length).toBeGreaterThan(5);
  });

  test.for([...new Set(printing)])('the command line exits with 0: %s', async (line, ctx) => {
    need(ctx, whyNoShell);
    const home = freshDirectory();
    writeFileSync(join(home, 'server.js'), '');
    expect(await startLine(line, home, {}).ended).toMatchObject({ code: 0, signal: null });
  });
});

describe('the first example of README.md', () => {
  const [example] = blocksOf('README.md', 'js');

  test('serves a healthy gateway', async () => {
    const { child, home, port, output } = await startBlock(example!);
    await until(() => output().includes('\n'), 'the line that it prints');
    expect(output()).toBe(`gateway listening on ws://127.0.0.1:${port} (pid ${child.pid})\n`);
    expect(await probeHealth({ port })).toMatchObject({ healthy: true });
    expect(lockFiles(home)).toHaveLength(2);
  });

  test('stops on SIGTERM and removes its lock files', async (ctx) => {
    need(ctx, whyNoSignals);
    const { child, home, output } = await startBlock(example!);
    await until(() => output().includes('\n'), 'the line that it prints');
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    expect(await closed).toEqual([0, null]);
    expect(lockFiles(home)).toEqual([]);
  });
});

test('the restart example of README.md is replaced by a new process on SIGHUP', async (ctx) => {
  need(ctx, whyNoInheritance);
  const { child, output } = await startBlock(blocksOf('README.md', 'js')[1]!);
  const pids = () => [...output().matchAll(/^pid (\d+) serves/gm)].map(([, pid]) => Number(pid));
  await until(() => pids().length === 1, 'the first process serves');
  onTestFinished(() => void (pids()[1] && process.kill(pids()[1]!, 'SIGKILL')));
  child.kill('SIGHUP');
  await until(() => pids().length === 2, 'the second process serves');
  expect(pids()[0]).toBe(child.pid);
  expect(pids()[1]).not.toBe(child.pid);
});

test('the program of docs/recipes/restart.md is replaced on SIGHUP and closes its WebSockets with 1001', async (ctx) => {
  need(ctx, whyNoInheritance);
  const { child, home, port } = await startBlock(blocksOf('docs/recipes/restart.md', 'js')[0]!);
  await until(async () => (await probeHealth({ port })).healthy, 'the first process serves');
  const lock = join(home, lockFiles(home)[0]!);
  const successors = () =>
    native()
      .findLockHolders(lock)
      .filter((pid) => pid !== child.pid);
  onTestFinished(() => {
    for (const pid of successors()) process.kill(pid, 'SIGKILL');
  });
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(client, 'open');
  const [closed, exited] = [once(client, 'close'), once(child, 'exit')];
  child.kill('SIGHUP');
  expect((await closed)[0]).toBe(1001);
  expect(await exited).toEqual([0, null]);
  expect(successors()).toHaveLength(1);
  expect(await probeHealth({ port })).toMatchObject({ healthy: true });
});

test('docs/errors.md lists every error code', () => {
  const codes = readFileSync(join(ROOT, 'src/errors.ts'), 'utf8').match(/ERR_[A-Z_]+/g)!;
  expect(missingFrom('docs/errors.md', codes)).toEqual([]);
});

test('docs/api.md and the published declarations name every export', () => {
  const statements = readFileSync(join(ROOT, 'src/index.ts'), 'utf8').replace(/\/\*\* @internal[\s\S]*?;\n/g, '');
  const lists = [...statements.matchAll(/export (?:type )?\{([^}]+)\}/g)].map((match) => match[1]!);
  const names = lists.flatMap((list) => list.split(',').map((name) => name.trim())).filter(Boolean);
  expect(names.length).toBeGreaterThan(40);
  expect(missingFrom('docs/api.md', names)).toEqual([]);
  expect(missingFrom('dist/index.d.ts', names)).toEqual([]);
});

function missingFrom(page: string, words: readonly string[]): string[] {
  const text = textOf(page);
  return [...new Set(words)].filter((word) => !text.includes(word));
}

function exists(link: string): boolean {
  const [path, anchor] = link.split('#') as [string, string | undefined];
  if (!existsSync(join(ROOT, path))) return false;
  return anchor === undefined || anchorsOf(path).includes(anchor);
}

function isServer(code: string): boolean {
  return code.includes('SIGTERM');
}

/**
 * Starts a code block in a folder of this repository, from which Node resolves 'gateway-lock', with
 * a separate home directory.
 */
async function startBlock(code: string) {
  const home = freshDirectory(join(ROOT, 'build'));
  const file = join(home, 'block.mjs');
  writeFileSync(file, code);
  mkdirSync(join(home, 'work'));
  const port = await freePort();
  const env = environment(home, { GATEWAY_GATEWAY_PORT: String(port) });
  const child = spawn(process.execPath, [file], { env, cwd: join(home, 'work'), stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const texts = { out: '', err: '' };
  child.stdout.on('data', (chunk) => (texts.out += chunk));
  child.stderr.on('data', (chunk) => (texts.err += chunk));
  return { child, home, port, output: () => texts.out, errors: () => texts.err };
}

function lockFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.lock'));
}
