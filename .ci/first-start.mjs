// Runs the first commands of a new user in this clone: runs npm start, which installs and builds,
// starts a second gateway, kills the first one with SIGKILL, starts a third one immediately, and
// ends it with SIGTERM. Exits non-zero if a step fails.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LIMIT_MS = 300_000;
const home = mkdtempSync(join(tmpdir(), 'gateway-lock-first-start-'));
const port = await freePort();
const children = new Set();
setTimeout(() => finish(new Error(`not finished within ${LIMIT_MS} ms`)), LIMIT_MS).unref();

try {
  const first = await listening(start());
  const health = await fetch(`http://127.0.0.1:${port}/healthz`);
  assert.deepEqual([health.status, await health.text()], [200, '{"ok":true,"status":"live"}']);

  const second = start();
  assert.equal(await second.code, 1);
  assert.match(second.text, new RegExp(`^another gateway instance is already listening on ws://127.0.0.1:${port}$`, 'm'));
  assert.match(second.text, new RegExp(`pid ${first} `));
  assert.doesNotMatch(second.text, /\n\s+at /);

  process.kill(first, 'SIGKILL');
  const third = start();
  const successor = await listening(third);
  assert.match(third.text, /reclaimed the lock file of an earlier gateway \(owner-gone\)/);

  process.kill(successor, 'SIGTERM');
  assert.equal(await third.code, 0);
  assert.deepEqual(readdirSync(home, { recursive: true }).filter((name) => name.endsWith('.lock')), []);
  finish();
} catch (error) {
  finish(error);
}

function start() {
  // Removes the variables of systemd, which a shell does not have: CI itself may be a systemd
  // service.
  const { INVOCATION_ID: _, JOURNAL_STREAM: __, SYSTEMD_EXEC_PID: ___, ...env } = process.env;
  const child = spawn('npm', ['start', '--', '--port', String(port), '--state-dir', home], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  const run = { child, text: '', code: once(child, 'close').then(([code]) => code) };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (run.text += chunk));
  return run;
}

/** Resolves with the pid of the gateway once the gateway listens. */
async function listening(run) {
  const line = new RegExp(`^gateway listening on ws://127.0.0.1:${port} \\(pid (\\d+)\\)$`, 'm');
  while (!line.test(run.text)) {
    assert.equal(run.child.exitCode, null, `npm start ended:\n${run.text}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Number(line.exec(run.text)[1]);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address();
  server.close();
  return free;
}

function finish(error) {
  for (const child of children) child.kill('SIGTERM');
  rmSync(home, { recursive: true, force: true });
  if (error !== undefined) console.error(error);
  console.log(`first start: ${error === undefined ? 'passed' : 'FAILED'}`);
  process.exit(error === undefined ? 0 : 1);
}
