import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { probeHealth } from '../../src/index.js';
import { need, whyNoSignals } from '../support/capabilities.js';
import { freePort, freshDirectory, until } from '../support/places.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** As it stands, with a home of its own. */
async function startExample() {
  const code = /```js\n([\s\S]*?)```/.exec(readme)![1]!;
  // In the tree, because 'gateway-lock' is found from there.
  const directory = freshDirectory(join(root, 'build'));
  writeFileSync(join(directory, 'example.mjs'), code);
  const port = await freePort();
  const env = { ...process.env, HOME: directory, USERPROFILE: directory, GATEWAY_GATEWAY_PORT: String(port) };
  const child = spawn(process.execPath, [join(directory, 'example.mjs')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  await until(() => out.includes('\n'), 'the line that it prints');
  return { child, closed, directory, port, out };
}

function lockFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.lock'));
}

describe('the example of the README', () => {
  test('runs as it stands', async () => {
    const { child, directory, port, out } = await startExample();
    expect(out).toBe(`gateway listening on ws://127.0.0.1:${port} (pid ${child.pid})\n`);
    expect(await probeHealth({ port })).toMatchObject({ healthy: true });
    expect(lockFiles(directory)).toHaveLength(2);
  });

  test('stops cleanly on SIGTERM', async (ctx) => {
    need(ctx, whyNoSignals);
    const { child, closed, directory } = await startExample();
    child.kill('SIGTERM');
    expect(await closed).toEqual([0, null]);
    expect(lockFiles(directory)).toEqual([]);
  });
});

test('the README lists every error code', () => {
  const codes = readFileSync(join(root, 'src/errors.ts'), 'utf8').match(/ERR_[A-Z_]+/g)!;
  expect([...new Set(codes)].filter((code) => !readme.includes(`\`${code}\``))).toEqual([]);
});
