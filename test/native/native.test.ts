// Everything that needs no Node: native/os has a test program of its own, whose tests are run here one by
// one, so that a failure has its sentence. Building it proves that plain cmake builds the package.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getSystemErrorMap } from 'node:util';
import { describe, expect, type TestContext, test } from 'vitest';
import { whyNotWindows } from '../support/capabilities.js';
import { freshDirectory } from '../support/places.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD = join(ROOT, 'build-native');
/**
 * The second and the third, on Linux only: the files of macOS against fakes of its kernel (native/test/darwin/README.md), and
 * every schedule of several processes (native/test/interleavings_test.cc).
 */
const PROGRAMS: readonly (readonly [string, string])[] = [
  ['native/os without Node', join(BUILD, 'tests/os_tests')],
  ['native/os of macOS, against fakes of its kernel', join(BUILD, 'tests/os_tests_darwin')],
  ['every schedule of native/os', join(BUILD, 'tests/interleavings')],
];
const ADDON = join(BUILD, 'Release/gateway_lock.node');
const SKIPPED = 77;

run('cmake', ['-S', ROOT, '-B', BUILD, '-DGATEWAY_LOCK_TESTS=ON']);
run('cmake', ['--build', BUILD, '--parallel', '2']);

describe.each(process.platform === 'linux' ? PROGRAMS : PROGRAMS.slice(0, 1))('%s', (_title, program) => {
  if (process.platform === 'linux' && !existsSync(program)) {
    test('all of it', (ctx) =>
      ctx.skip('not built: before glibc 2.33 fstat() is no function that --wrap could send elsewhere'));
    return;
  }
  for (const name of run(program, ['--list']).trim().split(/\r?\n/)) {
    test(name, (ctx) => {
      const { status, signal, stdout, stderr } = spawnSync(program, [name], {
        encoding: 'utf8',
        timeout: 60_000,
        env: { ...process.env, TMPDIR: publicDirectory() },
      });
      // A table: which binds met.
      if (stdout !== '') console.log(stdout);
      if (status === SKIPPED) ctx.skip(stderr.trim());
      expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
    });
  }

  test('a test that does not exist is not taken for a passed one', () => {
    expect(spawnSync(program, ['no such test']).status).toBe(2);
  });
});

describe('the error table', () => {
  const table = readFileSync(join(ROOT, 'native/os/sys_error_posix.cc'), 'utf8');
  const rows = [...table.matchAll(/\{(E\w+), "(\w+)", "([^"]+)"\}/g)].map(
    ([, , name, text]) => [name!, text!] as const,
  );
  const nodes = new Map(getSystemErrorMap().values());

  test('spells each error as Node does, where Node knows it', () => {
    const known = rows.filter(([name]) => nodes.has(name));
    expect(known.length).toBeGreaterThan(20);
    expect(known).toEqual(known.map(([name]) => [name, nodes.get(name)]));
  });

  test('adds only errors of locks, disks and programs that Node has no text for', () => {
    const added = rows.map(([name]) => name).filter((name) => !nodes.has(name));
    expect(added).toEqual(['EDQUOT', 'ENOEXEC', 'ENOLCK', 'ESTALE']);
  });
});

describe('the addon as plain cmake builds it', () => {
  test('loads, and has the same functions as the one that cmake-js built', () => {
    const load = createRequire(import.meta.url);
    const functions = Object.keys(load(ADDON) as object);
    expect(functions).toContain('tryAcquire');
    expect(functions).toEqual(Object.keys(load(join(ROOT, 'build/Release/gateway_lock.node')) as object));
  });

  test('exports the two symbols that Node looks up, and nothing else', (ctx) => {
    const listing = symbols(ctx, '--defined-only');
    expect(names(listing).sort()).toEqual(['napi_register_module_v1', 'node_api_module_get_api_version_v1']);
  });

  test('imports Node-API and nothing of libuv or V8', (ctx) => {
    const listing = symbols(ctx, '--undefined-only');
    const imported = names(listing);
    expect(imported).toContain('napi_create_function');
    expect(imported.filter((name) => /^uv_|v8|^_ZN4node|^node_module_register/.test(name))).toEqual([]);
  });

  test('imports no function of Node-API that the table for Windows lacks', (ctx) => {
    const listing = symbols(ctx, '--undefined-only');
    const table = readFileSync(join(ROOT, 'native/host/napi_imports_win32.cc'), 'utf8');
    const listed = [...table.matchAll(/ X\((\w+)\)/g)].map(([, name]) => name!);
    expect(names(listing).filter((name) => /^(napi|node_api)_/.test(name) && !listed.includes(name))).toEqual([]);
  });
});

/** For tests that become another user. */
function publicDirectory(): string {
  const directory = freshDirectory();
  chmodSync(directory, 0o1777);
  return directory;
}

/** What nm lists of the addon. On Windows, where one of MinGW's may be found, a DLL has none of these lists. */
function symbols(ctx: TestContext, which: string): string {
  const { status, stdout, stderr, error } = spawnSync('nm', ['-D', which, ADDON], { encoding: 'utf8' });
  if (whyNotWindows === null || status !== 0)
    ctx.skip(`nm cannot list dynamic symbols here: ${error?.message ?? stderr}`);
  return stdout;
}

/** "0000 T name" or "U name@GLIBC_2.34" */
function names(listing: string): string[] {
  const lines = listing.trim().split('\n');
  return lines.map((line) => line.trim().split(/\s+/).at(-1)!.split('@')[0]!);
}

function run(command: string, args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? ''}\n${stdout}${stderr}`);
  return stdout;
}
