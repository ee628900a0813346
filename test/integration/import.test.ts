import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What this Node has loaded after the script, without what an empty script loads. */
async function builtinsLoadedBy(script: string): Promise<string[]> {
  const [empty, loaded] = await Promise.all(['', script].map(loadList));
  return loaded!.filter((name) => !empty!.includes(name));
}

async function loadList(script: string): Promise<string[]> {
  const code = `${script}\nimport { writeSync } from 'node:fs'; writeSync(1, JSON.stringify(process.moduleLoadList));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], { cwd: root });
  return JSON.parse(stdout);
}

test('the package is one file of JavaScript', () => {
  const scripts = readdirSync(`${root}dist`, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.js$/.test(name),
  );
  expect(scripts.filter((name) => !/^cli[/\\]/.test(name))).toEqual(['index.js']);
});

test('importing it loads no builtin module, which would cost up to milliseconds each', async () => {
  expect(await builtinsLoadedBy("import 'gateway-lock';")).toEqual([]);
});

test('a stack trace names the sources', async () => {
  const code = "import { tryAcquireLock } from 'gateway-lock'; tryAcquireLock(5);";
  const args = ['--enable-source-maps', '--input-type=module', '-e', code];
  await expect(promisify(execFile)(process.execPath, args, { cwd: root })).rejects.toThrow(
    /src[/\\]lock[/\\]attempt\.ts:\d+/,
  );
});
