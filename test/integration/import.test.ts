import { execFile } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { freshDirectory } from '../support/directories.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Returns the builtin modules that an import loads, except those that the import of an empty file
 * loads.
 */
async function builtinsLoadedBy(specifier: string): Promise<string[]> {
  const empty = join(freshDirectory(), 'empty.js');
  writeFileSync(empty, '');
  const scripts = [pathToFileURL(empty).href, specifier].map((url) => `import '${url}';`);
  const [least, loaded] = await Promise.all(scripts.map(loadList));
  return loaded!.filter((name) => !least!.includes(name));
}

async function loadList(script: string): Promise<string[]> {
  const code = `${script}\nimport { writeSync } from 'node:fs'; writeSync(1, JSON.stringify(process.moduleLoadList));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], { cwd: root });
  return JSON.parse(stdout);
}

test('the package has one ES module and one CommonJS module for each entry point', () => {
  const scripts = readdirSync(`${root}dist`, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.c?js$/.test(name),
  );
  const entries = scripts.filter((name) => !/^cli[/\\]/.test(name)).map((name) => name.replaceAll(sep, '/'));
  const names = ['cluster/index', 'index', 'lock/index'];
  expect(entries.sort()).toEqual(names.flatMap((name) => [`${name}.cjs`, `${name}.js`]));
});

test('the import of gateway-lock loads no builtin module, each of which would take up to 4 ms', async () => {
  expect(await builtinsLoadedBy('gateway-lock')).toEqual([]);
});

test.each(['lock', 'cluster'])('the import of gateway-lock/%s loads no builtin module', async (name) => {
  expect(await builtinsLoadedBy(`gateway-lock/${name}`)).toEqual([]);
});

test('gateway-lock/lock exports the file locks of gateway-lock, and none of its gateway', async () => {
  const exported = Object.keys(await import('gateway-lock/lock'));
  expect(exported).toEqual([
    'LockError',
    'acquireLock',
    'eventChannel',
    'probeLock',
    'tryAcquireLock',
    'withLock',
  ] satisfies (keyof typeof import('gateway-lock'))[]);
  // Import time is proportional to the length.
  expect(statSync(`${root}dist/lock/index.js`).size).toBeLessThan(statSync(`${root}dist/index.js`).size / 2);
});

describe('the ES module and the CommonJS module in one process', () => {
  // A program loads both if it imports the package and uses a library that requires it.
  const [code, message] = ['ERR_LOCK_INVALID_FILE', 'x'] as const;
  const require = createRequire(import.meta.url);

  async function loadBoth() {
    const modules = [await import('gateway-lock'), require('gateway-lock')] as typeof import('gateway-lock')[];
    expect(modules[0]!.acquireLock).not.toBe(modules[1]!.acquireLock);
    return modules as [(typeof modules)[0], (typeof modules)[0]];
  }

  test('have the same exports', async () => {
    const [esm, cjs] = await loadBoth();
    expect(Object.keys(cjs).sort()).toEqual(Object.keys(esm).sort());
    for (const entry of ['gateway-lock/lock', 'gateway-lock/cluster'])
      expect(Object.keys(require(entry)).sort()).toEqual(Object.keys(await import(entry)).sort());
  });

  test('export classes whose names are those in the source', async () => {
    for (const { LockError, GatewayLockError } of await loadBoth()) {
      expect([LockError.name, GatewayLockError.name]).toEqual(['LockError', 'GatewayLockError']);
      expect(new LockError(code, message).constructor.name).toBe('LockError');
    }
  });

  test('accept errors of each other as instances of their classes', async () => {
    const [esm, cjs] = await loadBoth();
    expect(new esm.LockError(code, message)).toBeInstanceOf(cjs.LockError);
    expect(new cjs.LockError(code, message)).toBeInstanceOf(esm.LockError);
    expect(new cjs.LockError(code, message)).not.toBeInstanceOf(esm.GatewayLockError);
  });

  test('exclude each other, and a release of one wakes a waiter of the other', async () => {
    const [esm, cjs] = await loadBoth();
    const path = join(freshDirectory(), 'a.lock');
    const held = esm.tryAcquireLock(path)!;
    expect(cjs.tryAcquireLock(path)).toBeNull();
    const waiting = cjs.acquireLock(path, { timeoutMs: Number.POSITIVE_INFINITY });
    held.release();
    const second = await waiting;
    expect([held.held, second.held, second.waitMode]).toEqual([false, true, 'watch']);
    second.release();
  });
});
