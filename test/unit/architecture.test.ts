import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The layers that each layer of src may import. Every layer may also import the leaf files. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  cli: ['index', 'internal', 'cluster'],
  cluster: ['native'],
  gateway: ['lock', 'probe', 'bind', 'native', 'cluster'],
  lock: ['native'],
  probe: ['native'],
  bind: ['native'],
  native: [],
  index: ['gateway', 'lock', 'probe', 'bind', 'native'],
  internal: ['gateway', 'lock', 'native'],
  errors: [],
  arguments: [],
  endpoint: ['native'],
  clock: [],
  events: [],
  printable: [],
  sleep: [],
  'unknown-option': [],
};
const LEAVES = ['errors', 'arguments', 'endpoint', 'clock', 'events', 'printable', 'sleep', 'unknown-option'];

/** The files of src/lock that src/gateway and src/cli may import. */
const LOCK_INTERFACE = ['src/lock/internal.js'];

const NAMED_PATH =
  /(?<![\w/.@-])(?:src|native|test|scripts|tools|docs|bench|verify)\/[\w./-]+\.(?:ts|mjs|cc|h|md|pml|cmake|txt)\b/g;

/** Paths in other projects, and the packed headers, which exist only in a published package. */
const ELSEWHERE = ['src/infra/gateway-lock.ts', 'src/os.h', 'native/headers/napi.h'];

const CODE = /\.(ts|mjs|cjs|js|h|cc|c)$/;

/** Words that are no longer used. The glossary in CONTRIBUTING.md names the replacements. */
const REMOVED: readonly (readonly [string, RegExp])[] = [
  ['contender and sleeper, for waiter', /\b(Contenders?|[Ss]leepers?)\b/g],
  ['Place, for Endpoint', /\bPlace\b/g],
  ['rehearse, for warm up', /\b[Rr]ehears\w*/g],
  [
    'graces, denial and doubt, for grace periods and transient failures',
    /\b(Graces|graces|coverDenial|Doubt|Certainty)\b/g,
  ],
  ['let go and abandon, for release and unlock', /\b(letGo|letLocksGo|[Ll]ets? go|Abandon)\b/g],
  ['heir and tied, for a child that inherits or is in the job', /\b(startHeir|startTied|TieChildren|tieChildren)\b/g],
  ['answers, for a port in use', /\b(portAnswers|askPort|AskPort|kAnswers|kSilent)\b/g],
  ['for ever, can not, mostly', /\b(for ever|can not|[Mm]ostly)\b/g],
  ['whoever and somebody, for a process that has a name', /\b([Ww]hoever|[Ss]omebody)\b/g],
];

const sources = filesIn('src', /\.ts$/);
const layer0 = filesIn('native/os', /\.(h|cc)$/);
const layer1 = filesIn('native/binding', /\.(h|cc)$/);

test('the patterns of these tests match source files', () => {
  expect(sources.length).toBeGreaterThan(20);
  expect(layer0.length).toBeGreaterThan(15);
  expect(layer1.length).toBeGreaterThan(5);
});

describe('src imports downward only', () => {
  test.each(sources)('%s imports only from layers below its own', (file) => {
    const own = layerOf(posix.relative('src', file));
    expect(Object.keys(MAY_IMPORT)).toContain(own);
    const others = importsOf(file).map((path) => layerOf(posix.relative('src', posix.join(posix.dirname(file), path))));
    const forbidden = others.filter((layer) => layer !== own && !mayImport(own, layer));
    expect(forbidden).toEqual([]);
  });
});

test('src/gateway and src/cli import gateway-lock/cluster only on demand', () => {
  const importers = sources.filter((file) => !file.startsWith('src/cluster/'));
  const loaded = (file: string) => [...read(file).matchAll(/^(?:import|export) (?!type ).*from '(\.[^']+)'/gm)];
  const loadsCluster = (file: string) =>
    loaded(file).some(([, path]) => posix.join(posix.dirname(file), path!).startsWith('src/cluster/'));
  expect(importers.filter(loadsCluster)).toEqual([]);
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

test('user ids are read and Node modules are loaded on demand in src/native only', () => {
  const readers = sources.filter((file) => /\bget[eu]*[ug]id\b|getBuiltinModule/.test(read(file)));
  expect(readers.filter((file) => !file.startsWith('src/native/'))).toEqual([]);
});

test('src/gateway and src/cli use src/lock through its public functions and its one internal interface', () => {
  const users = sources.filter((file) => /^src\/(gateway|cli)\//.test(file));
  const targets = users.flatMap((file) => importsOf(file).map((path) => posix.join(posix.dirname(file), path)));
  expect(new Set(targets.filter((path) => path.startsWith('src/lock/')))).toEqual(new Set(LOCK_INTERFACE));
});

test('no file in src imports itself through other files, including type imports', () => {
  expect(sources.filter((file) => isReachable(file, file))).toEqual([]);
});

describe('words that were removed from the project', () => {
  const texts = [...filesIn('src', CODE), ...filesIn('native', CODE), ...filesIn('test', CODE)].concat(
    [...filesIn('scripts', CODE), ...filesIn('tools', CODE), ...filesIn('bench', CODE)],
    [...filesIn('docs', /\.md$/), 'README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  );
  const others = texts.filter((file) => file !== 'test/unit/architecture.test.ts');

  test.each(REMOVED)('the project does not use the removed words: %s', (_title, pattern) => {
    const found = others.flatMap((file) => (read(file).match(pattern) ?? []).map((word) => `${file}: ${word}`));
    expect(found).toEqual([]);
  });
});

test('each path exists that a comment or a documentation page names', () => {
  const texts = ['src', 'native', 'test', 'scripts', 'tools', 'bench', 'verify', 'docs'].flatMap((folder) =>
    filesIn(folder, /\.(ts|mjs|h|cc|c|pml|md)$/),
  );
  const missing = [...texts, 'README.md', 'CONTRIBUTING.md', 'SECURITY.md'].flatMap((file) =>
    [...read(file).matchAll(NAMED_PATH)]
      .map(([path]) => path)
      .filter((path) => !existsSync(join(root, path)) && !ELSEWHERE.includes(path))
      .map((path) => `${file}: ${path}`),
  );
  expect(missing).toEqual([]);
});

test('nothing in the library installs signal handlers, ends a process, or prints', () => {
  // A message of an IPC channel is not a signal.
  const forbidden = /process\.((on|once)\((?!'message')|(kill|exit|abort)\()|console\.|process\.std(out|err)/;
  const library = sources.filter((file) => !file.startsWith('src/cli/'));
  expect(library.filter((file) => forbidden.test(withoutComments(read(file))))).toEqual([]);
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

test('a header in native/os for one system or for POSIX is included by .cc files only', () => {
  const headers = layer0.filter((file) => file.endsWith('.h') && !/posix_|win32_|socket_options/.test(file));
  expect(
    headers.filter((file) =>
      /#include "(posix_|win32_|socket_options)|#include <(sys|unistd|fcntl|netinet|win)/.test(read(file)),
    ),
  ).toEqual([]);
});

test('no source file has a vague name such as util, helper, common or misc', () => {
  expect([...sources, ...layer0, ...layer1].filter((file) => /util|helper|common|misc/i.test(file))).toEqual([]);
});

/** Removes the lines of multi-line comments, which contain examples. */
function withoutComments(text: string): string {
  return text.replace(/^\s*\*.*$/gm, '');
}

function mayImport(own: string, layer: string): boolean {
  return LEAVES.includes(layer) ? own !== 'errors' : (MAY_IMPORT[own] ?? []).includes(layer);
}

/** Returns true if a chain of imports leads from `start` to `goal`. */
function isReachable(start: string, goal: string, seen = new Set<string>()): boolean {
  const next = importsOf(start).map((path) => posix.join(posix.dirname(start), path).replace(/\.js$/, '.ts'));
  return next.some((file) => {
    if (file === goal) return true;
    if (seen.has(file) || !sources.includes(file)) return false;
    seen.add(file);
    return isReachable(file, goal, seen);
  });
}

function layerOf(path: string): string {
  return path.split('/')[0]!.replace(/\.(ts|js)$/, '');
}

function importsOf(file: string): string[] {
  return [...read(file).matchAll(/from '(\.[^']+)'/g)].map((match) => match[1]!);
}

function filesIn(folder: string, pattern: RegExp): string[] {
  const entries = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  const names = entries.map((name) => name.replaceAll(sep, '/'));
  // `npm run bench` installs the peers into bench/node_modules.
  const own = names.filter((name) => !name.split('/').includes('node_modules'));
  return own.filter((name) => pattern.test(name)).map((name) => `${folder}/${name}`);
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}
