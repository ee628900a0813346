// Checks the functions that must work in every runtime, with the package as installed. Prints one
// JSON object with a key for each check, whose value is true or a text that describes the failure.
// With a role as its argument, this file is the second process of a check.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { acquireGatewayLock, acquireLock, tryAcquireLock } from 'gateway-lock';

const LIMIT_MS = 300_000;
/**
 * The program that starts this file again in the same runtime. Under qemu, process.execPath does
 * not.
 */
const command = JSON.parse(process.env.GATEWAY_LOCK_TEST_COMMAND);
/**
 * The program that starts this file in a runtime of another architecture, if this machine has such
 * a runtime.
 */
const foreign =
  process.env.GATEWAY_LOCK_TEST_FOREIGN_COMMAND && JSON.parse(process.env.GATEWAY_LOCK_TEST_FOREIGN_COMMAND);
const [, , role, path] = process.argv;

if (role === 'contend') console.log(tryAcquireLock(path) === null ? 'refused' : 'acquired');
else if (role === 'hold') hold(path);
else await checkAll();

function hold(file) {
  globalThis.held = tryAcquireLock(file);
  console.log('held');
  setInterval(() => {}, 1000);
}

async function checkAll() {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-lock-matrix-'));
  const answers = {};
  const checks = {
    require: required,
    refused,
    'garbage collected': collected,
    'kill -9': killed,
    server,
    foreign: acrossArchitectures,
  };
  for (const [title, check] of Object.entries(checks)) {
    answers[title] = await check(join(directory, `${title.replaceAll(' ', '-')}.lock`)).catch(
      (error) => error.code ?? error.message,
    );
  }
  cleanUp(directory);
  console.log(JSON.stringify(answers));
  process.exit(0);
}

/**
 * Removes the files. Ignores that Windows refuses to remove the file of a held lock, because the
 * lock whose object was garbage-collected is still held.
 */
function cleanUp(directory) {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch (error) {
    if (!['EBUSY', 'EPERM'].includes(error.code)) throw error; // EPERM: Node 24 and later
  }
}

async function required() {
  return typeof createRequire(import.meta.url)('gateway-lock').acquireLock === 'function';
}

async function refused(file) {
  const lock = tryAcquireLock(file);
  const during = contend(command, file);
  lock.release();
  return during === 'refused' && contend(command, file) === 'acquired' ? true : `while held: ${during}`;
}

async function collected(file) {
  tryAcquireLock(file);
  // gc(true) of V8 collects young objects only, and no objects with a finalizer. Bun.gc() needs
  // true to run synchronously.
  const collect = globalThis.gc ?? globalThis.Bun?.gc.bind(null, true);
  if (!collect) return 'no gc()';
  // Finalizers run in a later turn of the event loop; in Bun, some of them much later.
  for (let turn = 0; turn < 20; turn++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const answer = contend(command, file);
  return answer === 'refused' ? true : answer;
}

async function killed(file) {
  return takeOverFrom(command, file);
}

async function acrossArchitectures(file) {
  return foreign ? takeOverFrom(foreign, file) : 'not tested';
}

/**
 * Checks that this process is refused while another process holds the lock, and acquires the lock
 * after kill -9 of the holder.
 */
async function takeOverFrom([program, ...args], file) {
  const holder = spawn(program, [...args, 'hold', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  if (tryAcquireLock(file) !== null) {
    holder.kill('SIGKILL');
    return 'not refused';
  }
  const waiting = acquireLock(file, { timeoutMs: LIMIT_MS });
  holder.kill('SIGKILL');
  (await waiting).release();
  return true;
}

/** Checks that an HTTP server accepts connections on the socket of a gateway lock. */
async function server(file) {
  const lock = await acquireGatewayLock({ app: 'matrix', stateDir: `${file}.state`, port: 0, env: {} });
  const http = createServer((_request, response) => response.end('adopted'));
  try {
    await lock.listen(http);
    return (await textFrom(lock.port)) === 'adopted';
  } finally {
    http.closeAllConnections?.();
    await lock.close();
  }
}

/** Sends a request with node:http, because fetch() fails under Wine 8 ("connect UNKNOWN"). */
async function textFrom(port) {
  const [response] = await once(get({ host: '127.0.0.1', port }), 'response');
  return (await response.setEncoding('utf8').toArray()).join('');
}

function contend([program, ...args], file) {
  const { stdout, stderr } = spawnSync(program, [...args, 'contend', file], { encoding: 'utf8', timeout: LIMIT_MS });
  return stdout.trim() || stderr.trim();
}
