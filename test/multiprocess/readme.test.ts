import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { probeHealth } from '../../src/index.js';
import { freePort, freshDirectory, until } from '../support/places.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');

test('the example of the README runs as it stands, and stops cleanly on SIGTERM', async () => {
  const code = /```js\n([\s\S]*?)```/.exec(readme)![1]!;
  // In the tree, because 'gateway-lock' is found from there.
  const directory = freshDirectory(join(root, 'build'));
  writeFileSync(join(directory, 'example.mjs'), code);
  const port = await freePort();
  const env = { ...process.env, HOME: directory, GATEWAY_GATEWAY_PORT: String(port) };
  const child = spawn(process.execPath, [join(directory, 'example.mjs')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  await until(() => out.includes('\n'), 'the line that it prints');
  expect(out).toBe(`gateway listening on ws://127.0.0.1:${port} (pid ${child.pid})\n`);
  expect(await probeHealth({ port })).toMatchObject({ healthy: true });
  child.kill('SIGTERM');
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(
    readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.lock')),
  ).toEqual([]);
});

test('the README lists every error code', () => {
  const codes = readFileSync(join(root, 'src/errors.ts'), 'utf8').match(/ERR_[A-Z_]+/g)!;
  expect([...new Set(codes)].filter((code) => !readme.includes(`\`${code}\``))).toEqual([]);
});
