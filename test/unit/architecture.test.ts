import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What each room may import of the others. The leaf files may be imported by all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  cli: ['index', 'cluster'],
  cluster: ['native'],
  gateway: ['lock', 'probe', 'bind', 'native', 'cluster'],
  lock: ['native'],
  probe: ['native'],
  bind: ['native'],
  native: [],
  index: ['gateway', 'lock', 'probe', 'bind', 'native'],
  errors: [],
  arguments: [],
  endpoint: ['native'],
  clock: [],
  events: [],
  printable: [],
  sleep: [],
};
const LEAVES = ['errors', 'arguments', 'endpoint', 'clock', 'events', 'printable', 'sleep'];

const sources = filesIn('src', /\.ts$/);
const layer0 = filesIn('native/os', /\.(h|cc)$/);
const layer1 = filesIn('native/binding', /\.(h|cc)$/);

test('there is something to look at', () => {
  expect(sources.length).toBeGreaterThan(20);
  expect(layer0.length).toBeGreaterThan(15);
  expect(layer1.length).toBeGreaterThan(5);
});

describe('src imports downward only', () => {
  test.each(sources)('%s', (file) => {
    const own = roomOf(posix.relative('src', file));
    expect(Object.keys(MAY_IMPORT)).toContain(own);
    const others = importsOf(file).map((path) => roomOf(posix.relative('src', posix.join(posix.dirname(file), path))));
    const forbidden = others.filter((room) => room !== own && !mayImport(own, room));
    expect(forbidden).toEqual([]);
  });
});

test('gateway and cli load gateway-lock/cluster only when it is used', () => {
  const importers = sources.filter((file) => !file.startsWith('src/cluster/'));
  expect(importers.filter((file) => /^(import|export) (?!type ).*from '(\.\.\/)+cluster\//m.test(read(file)))).toEqual(
    [],
  );
});

test('errors.ts imports nothing', () => {
  expect(read('src/errors.ts')).not.toMatch(/^import /m);
});

test('only src/native/load.ts knows how the addon is found', () => {
  expect(sources.filter((file) => /node-gyp-build|createRequire|dlopen/.test(read(file)))).toEqual([
    'src/native/load.ts',
  ]);
});

test('process.platform is read in src/native only', () => {
  const readers = sources.filter((file) => /process\.platform|os\.platform|\bplatform\(\)/.test(read(file)));
  expect(readers.filter((file) => !file.startsWith('src/native/'))).toEqual([]);
});

test('nothing in the library installs signal handlers, ends a process, or prints', () => {
  const forbidden = /process\.(on|once|kill|exit|abort)\(|console\.|process\.std(out|err)/;
  const library = sources.filter((file) => !file.startsWith('src/cli/'));
  expect(library.filter((file) => forbidden.test(read(file)))).toEqual([]);
});

test('native/os is plain C++: no Node, no N-API, no libuv, no printing, no exceptions', () => {
  const forbidden = /#include [<"](napi|node|uv|v8)|std::(cout|cerr)|\bprintf\(|\bthrow\b|\btry \{/;
  expect(layer0.filter((file) => forbidden.test(read(file)))).toEqual([]);
});

test('native/os chooses its system by file, not by #if', () => {
  expect(layer0.filter((file) => /#\s*if/.test(read(file)))).toEqual([]);
});

test('native/binding includes no header of an operating system and no libuv', () => {
  const allowed = /^(napi\.h|[a-z_]+\.h|c?[a-z_]+)$/;
  const system = /#include <(sys\/|unistd|fcntl|windows|winsock|netinet|signal|poll|uv|node)/;
  for (const file of layer1) {
    expect(read(file), file).not.toMatch(system);
    for (const [, name] of read(file).matchAll(/#include [<"]([^>"]+)[>"]/g)) expect(name, file).toMatch(allowed);
  }
});

test('an _posix or per-system header is included by .cc files only', () => {
  const headers = layer0.filter((file) => file.endsWith('.h') && !/posix_|win32_|socket_options/.test(file));
  expect(
    headers.filter((file) =>
      /#include "(posix_|win32_|socket_options)|#include <(sys|unistd|fcntl|netinet|win)/.test(read(file)),
    ),
  ).toEqual([]);
});

test('there is no room for odds and ends', () => {
  expect([...sources, ...layer0, ...layer1].filter((file) => /util|helper|common|misc/i.test(file))).toEqual([]);
});

function mayImport(own: string, room: string): boolean {
  return LEAVES.includes(room) ? own !== 'errors' : (MAY_IMPORT[own] ?? []).includes(room);
}

function roomOf(path: string): string {
  return path.split('/')[0]!.replace(/\.(ts|js)$/, '');
}

function importsOf(file: string): string[] {
  return [...read(file).matchAll(/from '(\.[^']+)'/g)].map((match) => match[1]!);
}

function filesIn(folder: string, pattern: RegExp): string[] {
  const entries = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  const names = entries.map((name) => name.replaceAll(sep, '/'));
  return names.filter((name) => pattern.test(name)).map((name) => `${folder}/${name}`);
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}
