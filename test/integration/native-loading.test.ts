import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type Missing, need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const machine = `${process.platform}-${process.arch}`;
const LOCAL = 'build/Release/gateway_lock.node';
// The C library of the Node process that runs these tests.
const libc = process.platform === 'linux' ? (isMusl() ? '.musl' : '.glibc') : '';
const armv = process.arch === 'arm' ? '.armv7' : '';
const prebuiltFor = (libc: string) => `prebuilds/${machine}/gateway-lock${armv}${libc}.node`;
const PREBUILT = prebuiltFor(libc);

const whyOneLibc: Missing = process.platform === 'linux' ? null : 'only Linux has more than one C library';

interface Outcome {
  readonly loaded?: string[];
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly ours?: boolean;
  readonly hasCause?: boolean;
}

test('load.ts finds a local build', async () => {
  expect(await loadFrom(folderWith({ [LOCAL]: 'addon' }))).toEqual({ loaded: [LOCAL] });
});

test('load.ts finds a prebuilt binary by platform, architecture and C library', async () => {
  expect(await loadFrom(folderWith({ [PREBUILT]: 'addon' }))).toEqual({ loaded: [PREBUILT] });
});

test('load.ts loads the prebuilt binary for the C library of this process, whichever others exist', async (ctx) => {
  need(ctx, whyOneLibc);
  const both = folderWith({ [prebuiltFor('.glibc')]: 'addon', [prebuiltFor('.musl')]: 'addon' });
  expect(await loadFrom(both)).toEqual({ loaded: [PREBUILT] });
});

test('load.ts tries the binary for musl first if the C library is unknown, because musl also loads binaries for glibc', async (ctx) => {
  need(ctx, whyOneLibc);
  const both = folderWith({ [prebuiltFor('.glibc')]: 'addon', [prebuiltFor('.musl')]: 'addon' });
  expect(await loadFrom(both, blindTo(both))).toEqual({ loaded: [prebuiltFor('.musl')] });
  const glibc = folderWith({ [prebuiltFor('.glibc')]: 'addon', [prebuiltFor('.musl')]: 'garbage' });
  expect(await loadFrom(glibc, blindTo(glibc))).toEqual({ loaded: [prebuiltFor('.glibc')] });
});

test('load.ts does not try the prebuilt binary of another architecture', async () => {
  const other = `prebuilds/${process.platform}-mips/gateway-lock${libc}.node`;
  expect(await loadFrom(folderWith({ [other]: 'addon' }))).toMatchObject({ code: 'ERR_NATIVE_MISSING' });
});

test('load.ts finds a binary with the other file name that prebuildify uses', async () => {
  const other = `prebuilds/${machine}/node.napi${libc}.node`;
  expect(await loadFrom(folderWith({ [other]: 'addon' }))).toEqual({ loaded: [other] });
});

test('load.ts prefers a local build to a prebuilt binary', async () => {
  expect(await loadFrom(folderWith({ [LOCAL]: 'addon', [PREBUILT]: 'addon' }))).toEqual({ loaded: [LOCAL] });
});

test('load.ts loads the prebuilt binary if the local build does not load', async () => {
  expect(await loadFrom(folderWith({ [LOCAL]: 'garbage', [PREBUILT]: 'addon' }))).toEqual({ loaded: [PREBUILT] });
});

test.each(['stateDir', 'lockFile'])(
  'without an addon a gateway with a %s fails with ERR_NATIVE_MISSING, also under startSupervised()',
  async (option) => {
    const options = { [option]: join(freshDirectory(), 'a'), port: 0, env: {} };
    const script = `
    const { acquireGatewayLock, probeGateway, startSupervised } = await import('gateway-lock');
    const codeOf = (call) => call.then(() => null, ({ name, code }) => [name, code]);
    const start = () => acquireGatewayLock(${JSON.stringify(options)});
    const calls = [start(), startSupervised({ start, supervisor: 'systemd' }), probeGateway(${JSON.stringify(options)})];
    console.log(JSON.stringify(await Promise.all(calls.map(codeOf))));`;
    const missing = ['LockError', 'ERR_NATIVE_MISSING'];
    expect(await run(script, freshDirectory())).toEqual([missing, missing, missing]);
  },
);

test('GATEWAY_LOCK_PREBUILD and nativeBinding may name the file of the addon', async () => {
  const file = join(folderWith({ [LOCAL]: 'addon' }), LOCAL);
  expect(await run(acquireWith('{}'), file)).toEqual([file]);
  expect(await run(acquireWith(`{ nativeBinding: ${JSON.stringify(file)} }`), freshDirectory())).toEqual([file]);
});

test('nativeBinding may name a folder that contains the addon', async () => {
  const folder = folderWith({ [PREBUILT]: 'addon' });
  const script = acquireWith(`{ nativeBinding: ${JSON.stringify(folder)} }`);
  expect(await run(script, freshDirectory())).toEqual([join(folder, PREBUILT)]);
});

test('nativeBinding may be the loaded addon', async () => {
  const file = join(folderWith({ [LOCAL]: 'addon' }), LOCAL);
  const loaded = `process.getBuiltinModule('node:module').createRequire('/')(${JSON.stringify(file)})`;
  expect(await run(acquireWith(`{ nativeBinding: ${loaded} }`), freshDirectory())).toEqual([file]);
});

test.each(['tryAcquireLock("a", options)', 'probeLock("a", options)', 'bindExclusive({ port: 0, ...options })'])(
  '%s reads nativeBinding and rejects an object that is not the addon',
  async (call) => {
    const script = `
    const { bindExclusive, probeLock, tryAcquireLock } = await import('gateway-lock');
    const codes = [5, {}].map((nativeBinding) => {
      const options = { nativeBinding };
      try { ${call}; return null; } catch (error) { return error.code; }
    });
    console.log(JSON.stringify(codes));`;
    expect(await run(script, freshDirectory())).toEqual(['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE']);
  },
);

test('an empty GATEWAY_LOCK_PREBUILD counts as unset', async () => {
  const { loaded } = await loadFrom('');
  expect(loaded).toHaveLength(1);
});

/**
 * A script that acquires a lock with the options, a JavaScript expression, and prints the addons
 * that it has loaded.
 */
function acquireWith(options: string): string {
  return `
    const { tryAcquireLock } = await import('gateway-lock');
    tryAcquireLock(${JSON.stringify(join(freshDirectory(), 'a.lock'))}, ${options}).release();
    console.log(JSON.stringify(process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node'))));`;
}

/**
 * Acquires a lock in a new process that finds the addon only in the given folder. Returns the addon
 * files that the process has loaded.
 */
async function loadFrom(folder: string, execArgv: readonly string[] = []): Promise<Outcome> {
  const script = `
    const { readFileSync } = await import('node:fs');
    const { tryAcquireLock, LockError } = await import('gateway-lock');
    try {
      tryAcquireLock(${JSON.stringify(join(folder || freshDirectory(), 'a.lock'))}).release();
      const maps = process.report.getReport().sharedObjects;
      console.log(JSON.stringify({ loaded: maps.filter((path) => path.endsWith('.node')) }));
    } catch (error) {
      const { name, code, message, cause } = error;
      console.log(JSON.stringify({ name, code, message, hasCause: cause instanceof Error, ours: error instanceof LockError }));
    }`;
  const outcome = (await run(script, folder, execArgv)) as Outcome;
  return outcome.loaded
    ? { loaded: outcome.loaded.map((path) => path.slice(folder.length + 1).replaceAll(sep, '/')) }
    : outcome;
}

/**
 * Returns the output of a script in a new process that finds the addon only in the given folder.
 */
async function run(script: string, folder: string, execArgv: readonly string[] = []): Promise<unknown> {
  const env = { ...process.env, GATEWAY_LOCK_PREBUILD: folder };
  const args = [...execArgv, '--input-type=module', '-e', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env });
  return JSON.parse(stdout);
}

function folderWith(files: Readonly<Record<string, 'addon' | 'garbage'>>): string {
  const folder = freshDirectory();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    if (content === 'garbage') writeFileSync(join(folder, path), 'not a binary');
    else copyFileSync(join(process.env['GATEWAY_LOCK_PREBUILD'] ?? root, LOCAL), join(folder, path));
  }
  return folder;
}

/** Options for Node's permission model, under which /proc/self/exe cannot be read. */
function blindTo(folder: string): string[] {
  const model = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
  const files = [`--allow-fs-read=${root}`, `--allow-fs-read=${folder}`, `--allow-fs-write=${folder}`];
  return [model, '--allow-addons', ...files, '--no-warnings'];
}

function isMusl(): boolean {
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] };
  return sharedObjects.some((path) => path.includes('/ld-musl-'));
}
