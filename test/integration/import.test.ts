import { execFile } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
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
  expect(entries.sort()).toEqual(['cluster/index.cjs', 'cluster/index.js', 'index.cjs', 'index.js']);
});

test('the import of gateway-lock loads no builtin module, each of which would take up to 4 ms', async () => {
  expect(await builtinsLoadedBy('gateway-lock')).toEqual([]);
});

test('the import of gateway-lock/cluster loads no builtin module', async () => {
  expect(await builtinsLoadedBy('gateway-lock/cluster')).toEqual([]);
});

test('a stack trace of an error names the TypeScript source files', async () => {
  const code = "import { tryAcquireLock } from 'gateway-lock'; tryAcquireLock(5);";
  const args = ['--enable-source-maps', '--input-type=module', '-e', code];
  await expect(promisify(execFile)(process.execPath, args, { cwd: root })).rejects.toThrow(
    /src[/\\]lock[/\\]lock-options\.ts:\d+/,
  );
});
