// Builds the package with plain cmake. Runs each test of the native test programs as a separate
// test, so that a failure names the native test.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getSystemErrorMap } from 'node:util';
import { describe, expect, type TestContext, test } from 'vitest';
import { whyNotWindows } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD = join(ROOT, 'build-native');
/**
 * The native test programs. The second (native/test/darwin/README.md) and the third
 * (native/test/interleavings_test.cc) exist on Linux only.
 */
const PROGRAMS: readonly (readonly [string, string])[] = [
  ['native/os', join(BUILD, 'tests/os_tests')],
  ['native/os of macOS with fakes of its kernel', join(BUILD, 'tests/os_tests_darwin')],
  ['every schedule of native/os', join(BUILD, 'tests/interleavings')],
];
const ADDON = join(BUILD, 'Release/gateway_lock.node');
const SKIPPED = 77;

run('cmake', ['-S', ROOT, '-B', BUILD, '-DGATEWAY_LOCK_TESTS=ON']);
run('cmake', ['--build', BUILD, '--parallel', '2']);

describe.each(process.platform === 'linux' ? PROGRAMS : PROGRAMS.slice(0, 1))('%s', (_title, program) => {
  if (process.platform === 'linux' && !existsSync(program)) {
    test('the native tests of this program pass', (ctx) =>
      ctx.skip('not built: needs --wrap, which zig lacks, and glibc 2.33, where fstat() is a function'));
    return;
  }
  for (const name of run(program, ['--list']).trim().split(/\r?\n/)) {
    test(name, (ctx) => {
      const { status, signal, stdout, stderr } = spawnSync(program, [name], {
        encoding: 'utf8',
        timeout: 600_000,
        env: { ...process.env, TMPDIR: publicDirectory() },
      });
      // On Windows, two of the native tests print a table of binds.
      if (stdout !== '') console.log(stdout);
      if (status === SKIPPED) ctx.skip(stderr.trim());
      expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
    });
  }

  test('a native test program exits with 2 if it has no test with the given title', () => {
    expect(spawnSync(program, ['no such test']).status).toBe(2);
  });
});

describe('the table of error texts in native/os', () => {
  const table = readFileSync(join(ROOT, 'native/os/sys_error_posix.cc'), 'utf8');
  const rows = [...table.matchAll(/\{(E\w+), "(\w+)", "([^"]+)"\}/g)].map(
    ([, , name, text]) => [name!, text!] as const,
  );
  const nodes = new Map(getSystemErrorMap().values());

  test('the table of error texts in native/os contains the same text as Node for each error that Node knows', () => {
    const known = rows.filter(([name]) => nodes.has(name));
    expect(known.length).toBeGreaterThan(20);
    expect(known).toEqual(known.map(([name]) => [name, nodes.get(name)]));
  });

  test('the table of error texts in native/os contains only four errors that Node does not know', () => {
    const added = rows.map(([name]) => name).filter((name) => !nodes.has(name));
    expect(added).toEqual(['EDQUOT', 'ENOEXEC', 'ENOLCK', 'ESTALE']);
  });
});

describe('the addon built by plain cmake', () => {
  test('loads and has the same functions as the addon built by cmake-js', () => {
    const load = createRequire(import.meta.url);
    const functions = Object.keys(load(ADDON) as object);
    expect(functions).toContain('tryAcquire');
    expect(functions).toEqual(Object.keys(load(join(ROOT, 'build/Release/gateway_lock.node')) as object));
  });

  test('exports exactly the two symbols that Node looks up', (ctx) => {
    const listing = symbols(ctx, '--defined-only');
    expect(names(listing).sort()).toEqual(['napi_register_module_v1', 'node_api_module_get_api_version_v1']);
  });

  test('imports functions of Node-API but no functions of libuv or V8', (ctx) => {
    const listing = symbols(ctx, '--undefined-only');
    const imported = names(listing);
    expect(imported).toContain('napi_create_function');
    expect(imported.filter((name) => /^uv_|v8|^_ZN4node|^node_module_register/.test(name))).toEqual([]);
  });

  test('imports only functions of Node-API that are in the import table for Windows', (ctx) => {
    const listing = symbols(ctx, '--undefined-only');
    const table = readFileSync(join(ROOT, 'native/host/napi_imports_win32.cc'), 'utf8');
    const listed = [...table.matchAll(/ X\((\w+)\)/g)].map(([, name]) => name!);
    expect(names(listing).filter((name) => /^(napi|node_api)_/.test(name) && !listed.includes(name))).toEqual([]);
  });
});

/** Returns a directory that every user can write to, for tests that run as another user. */
function publicDirectory(): string {
  const directory = freshDirectory();
  chmodSync(directory, 0o1777);
  return directory;
}

/**
 * Returns the symbols that nm lists. Skips the test on Windows, where nm cannot list the symbols of
 * a DLL, even if MinGW provides nm.
 */
function symbols(ctx: TestContext, which: string): string {
  const { status, stdout, stderr, error } = spawnSync('nm', ['-D', which, ADDON], { encoding: 'utf8' });
  if (whyNotWindows === null || status !== 0)
    ctx.skip(`nm cannot list the dynamic symbols of the addon: ${error?.message ?? stderr}`);
  return stdout;
}

/** Returns the names in lines such as "0000 T name" and "U name@GLIBC_2.34". */
function names(listing: string): string[] {
  const lines = listing.trim().split('\n');
  return lines.map((line) => line.trim().split(/\s+/).at(-1)!.split('@')[0]!);
}

function run(command: string, args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? ''}\n${stdout}${stderr}`);
  return stdout;
}
