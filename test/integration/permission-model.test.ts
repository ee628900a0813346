// Node's permission model: what it denies is not done by the addon, and the errors name the flags
// that suffice.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type Missing, need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const flags = process.allowedNodeEnvironmentFlags;
const MODEL = flags.has('--permission') ? '--permission' : '--experimental-permission';
/** The flag for the package, and the one for an addon elsewhere (npm run test:matrix). */
const READ_PACKAGE = [root, process.env['GATEWAY_LOCK_PREBUILD']].flatMap((folder) =>
  folder ? [readFlag(folder)] : [],
);
const hasNetScope = flags.has('--allow-net');
const whyNoModel: Missing = flags.has(MODEL) ? null : 'this runtime has no permission model';
const whyNoNetScope: Missing = hasNetScope ? null : 'this version of Node has no --allow-net';

interface Outcome {
  readonly result?: unknown;
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
  readonly causeCode?: string;
}

test('a lock file that --allow-fs-write does not allow is not written', async (ctx) => {
  need(ctx, whyNoModel);
  const path = join(freshDirectory(), 'a.lock');
  const denied = await runWith(acquire(path), ['--allow-addons', ...READ_PACKAGE, allow('read', path)]);
  expect(denied).toMatchObject({ code: 'ERR_LOCK_PERMISSION', causeCode: 'ERR_ACCESS_DENIED' });
  expect(denied.message).toContain(`'${allow('write', path)}'`);
  expect(existsSync(path)).toBe(false);
  const allowed = ['--allow-addons', ...READ_PACKAGE, allow('read', path), allow('write', path)];
  expect(await runWith(acquire(path), allowed)).toEqual({ result: 'acquired' });
});

test('a lock file that --allow-fs-read does not allow is neither probed nor locked as it is', async (ctx) => {
  need(ctx, whyNoModel);
  const path = join(freshDirectory(), 'a.lock');
  const calls = [`probeLock(${quoted(path)}).state`, `tryAcquireLock(${quoted(path)}, { record: false })`];
  for (const call of calls)
    expect(await runWith(call, ['--allow-addons', ...READ_PACKAGE])).toMatchObject({ code: 'ERR_LOCK_PERMISSION' });
});

test('a gateway starts with the flags that its errors name', async (ctx) => {
  need(ctx, whyNoModel);
  const stateDir = join(freshDirectory(), 'state');
  mkdirSync(stateDir);
  const given = new Set([readFlag(root)]);
  const seen: Outcome[] = [];
  // Each error must name a flag that was missing, so the loop ends.
  for (
    let outcome = await runWith(start(stateDir), [...given]);
    ;
    outcome = await runWith(start(stateDir), [...given])
  ) {
    seen.push(outcome);
    if (outcome.result !== undefined) break;
    const named = flagsIn(`${outcome.message} ${outcome.hint ?? ''}`).filter((flag) => !given.has(flag));
    expect(named, outcome.message).not.toEqual([]);
    for (const flag of named) given.add(flag);
  }
  expect(seen.at(-1)).toEqual({ result: 'listening' });
  expect([...given]).toContain('--allow-addons');
});

test('an error about an addon in another folder names the flag for that folder', async (ctx) => {
  need(ctx, whyNoModel);
  const folder = freshDirectory();
  const file = join(folder, 'addon.node');
  for (const named of [folder, file]) {
    const { code, message } = await runWith(acquire(join(folder, 'a.lock')), [readFlag(root)], {
      GATEWAY_LOCK_PREBUILD: named,
    });
    expect(code).toBe('ERR_NATIVE_MISSING');
    expect(flagsIn(message!)).toEqual(['--allow-addons', readFlag(folder)]);
  }
});

test('a state directory that does not exist, below hidden directories, has to be created first', async (ctx) => {
  need(ctx, whyNoModel);
  const stateDir = join(freshDirectory(), 'state');
  const files = [...READ_PACKAGE, readFlag(stateDir), `--allow-fs-write=${join(stateDir, '*')}`];
  const net = hasNetScope ? ['--allow-net'] : [];
  const { code, message } = await runWith(start(stateDir), ['--allow-addons', ...files, ...net]);
  expect(code).toBe('ERR_GATEWAY_LOCK_FAILED');
  expect(message).toContain(`Create it before the start: mkdir`);
});

test('a missing --allow-net is reported before a lock is acquired', async (ctx) => {
  need(ctx, whyNoModel ?? whyNoNetScope);
  const stateDir = freshDirectory();
  const files = [...READ_PACKAGE, readFlag(stateDir), `--allow-fs-write=${join(stateDir, '*')}`];
  const outcome = await runWith(start(stateDir), ['--allow-addons', ...files]);
  expect(outcome).toMatchObject({ code: 'ERR_GATEWAY_BIND_FAILED', causeCode: 'ERR_ACCESS_DENIED' });
  expect(outcome.hint).toBe('Add to the command line: --allow-net');
  expect(existsSync(join(stateDir, 'tmp'))).toBe(false);
  expect(await runWith('bindExclusive({ port: 0 })', ['--allow-addons', ...READ_PACKAGE])).toMatchObject({
    code: 'ERR_ACCESS_DENIED',
  });
});

function acquire(path: string): string {
  return `tryAcquireLock(${quoted(path)}).release() ?? 'acquired'`;
}

function start(stateDir: string): string {
  return `await (async () => {
    const lock = await acquireGatewayLock({ stateDir: ${quoted(stateDir)}, port: 0 });
    await lock.listen(createServer());
    await lock.close();
    return 'listening';
  })()`;
}

/** The flag that allows reading everything in a folder. */
function readFlag(folder: string): string {
  return `--allow-fs-read=${join(folder, '*')}`;
}

/** The flag that allows access to everything in the file's directory. */
function allow(access: 'read' | 'write', path: string): string {
  return `--allow-fs-${access}=${join(path, '..', '*')}`;
}

/** Returns the flags with a value, and those without one, that a text names. */
function flagsIn(text: string): string[] {
  return [...text.matchAll(/'(--allow-[^']+)'|(--allow-(?:addons|net))/g)].map(
    ([, quotedFlag, flag]) => quotedFlag ?? flag!,
  );
}

/** Evaluates an expression in a process that runs with the permission model. */
async function runWith(
  expression: string,
  allowed: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const script = `
    import { createServer } from 'node:http';
    import { acquireGatewayLock, bindExclusive, probeLock, tryAcquireLock } from 'gateway-lock';
    try {
      console.log(JSON.stringify({ result: ${expression} }));
    } catch ({ code, message, hint, cause }) {
      console.log(JSON.stringify({ code, message, hint, causeCode: cause?.cause?.code ?? cause?.code }));
    }`;
  const args = [MODEL, '--no-warnings', ...allowed, '--input-type=module', '-e', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...environment },
  });
  return JSON.parse(stdout);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
