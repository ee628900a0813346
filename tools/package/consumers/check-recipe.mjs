// node check-recipe.mjs CLIENT PROGRAM [ARGUMENT...]: starts a recipe's program, checks /healthz,
// checks that a second start is refused, and stops the program with SIGTERM while a client is
// connected. Prints one line for each step. CLIENT is the kind of client: http, ws, socket.io or
// http2.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bindExclusive, probeHealth, probeLock } from 'gateway-lock';
import { CLIENTS } from './recipe-clients.mjs';

const LIMIT_MS = 60_000;
/** Both messages of a refused start: a program that does not bind the port names only the holder. */
const REFUSAL =
  /^(another gateway instance is already listening on ws:.*|gateway already running \(pid .*)\npid \d+ holds /m;
const [, , kind, ...command] = process.argv;
// Without this, the programs would outlive a check that exceeds the time limit of sandbox.mjs.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
const home = mkdtempSync(join(tmpdir(), 'gateway-lock-recipe-'));
const port = await freePort();

const first = start(port);
await until(isServing, 'the program serves /healthz');
console.log('served');

// A program that does not bind the port itself, such as Next.js, must be refused on any port.
const second = start(await freePort());
const [code] = await second.closed;
if (code !== 1 || !REFUSAL.test(second.output())) throw new Error(`second start: ${code}: ${second.output()}`);
console.log('a second start is refused');

const client = await CLIENTS[kind](port);
process.kill(holder(), 'SIGTERM');
console.log(`the client sees: ${await client.end}`);
const [exitCode, signal] = await first.closed;
// Next.js exits with 128 + 15 after SIGTERM.
if (exitCode !== 0 && exitCode !== 143) throw new Error(`first start: ${exitCode ?? signal}: ${first.output()}`);
const held = lockFiles().filter((file) => probeLock(join(home, file)).state === 'held');
if (held.length > 0) throw new Error(`still held: ${held}`);
await bindExclusive({ port }).close();
console.log('the lock and the port are free');

/**
 * Starts the program in a process group of its own, because a launcher such as `next start` runs the
 * program in a child process. `ownPort` is for a program that binds the port itself.
 */
function start(ownPort) {
  const [program, ...args] = command;
  const env = { ...process.env, HOME: home, GATEWAY_GATEWAY_PORT: String(port), PORT: String(ownPort) };
  const child = spawn(program === 'node' ? process.execPath : program, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  process.once('exit', () => killGroup(child.pid));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  return { closed: once(child, 'close'), output: () => text, child };
}

/** Kills the processes of a group that are left, if any. */
function killGroup(leader) {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

async function isServing() {
  if (first.child.exitCode !== null) throw new Error(`first start: ${first.output()}`);
  const { fingerprint256 } = CLIENTS[kind];
  return (await probeHealth({ port, ...(fingerprint256 ? { fingerprint256: fingerprint256() } : {}) })).healthy;
}

/** Returns the pid in the lock file: with a launcher, not that of the process started here. */
function holder() {
  return JSON.parse(readFileSync(join(home, lockFiles()[0]), 'utf8')).pid;
}

function lockFiles() {
  return readdirSync(home, { recursive: true }).filter((name) => name.endsWith('.lock'));
}

async function freePort() {
  const listener = bindExclusive({ port: 0 });
  await listener.close();
  return listener.address.port;
}

async function until(condition, what) {
  for (const deadline = performance.now() + LIMIT_MS; performance.now() < deadline; await sleep(100))
    if (await condition()) return;
  throw new Error(`not within ${LIMIT_MS} ms: ${what}\n${first.output()}`);
}
