// What must work in every runtime, from the package as it is installed: prints one JSON object, one key per question,
// true or what went wrong. Run again with a role as argument, it is the other process.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { acquireGatewayLock, acquireLock, tryAcquireLock } from 'gateway-lock';

const LIMIT_MS = 60_000;
/** How to start this file again in the same runtime; process.execPath is no answer under qemu. */
const command = JSON.parse(process.env.GATEWAY_LOCK_TEST_COMMAND);
/** How to start it in a runtime of another architecture, if there is one. */
const foreign =
  process.env.GATEWAY_LOCK_TEST_FOREIGN_COMMAND && JSON.parse(process.env.GATEWAY_LOCK_TEST_FOREIGN_COMMAND);
const [, , role, path] = process.argv;

if (role === 'contend') console.log(tryAcquireLock(path) === null ? 'refused' : 'acquired');
else if (role === 'hold') hold(path);
else await live();

function hold(file) {
  globalThis.held = tryAcquireLock(file);
  console.log('held');
  setInterval(() => {}, 1000);
}

async function live() {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-lock-matrix-'));
  const answers = {};
  const questions = {
    require: required,
    refused,
    'garbage collected': collected,
    'kill -9': killed,
    server,
    foreign: acrossArchitectures,
  };
  for (const [title, ask] of Object.entries(questions)) {
    answers[title] = await ask(join(directory, `${title.replaceAll(' ', '-')}.lock`)).catch(
      (error) => error.code ?? error.message,
    );
  }
  cleanUp(directory);
  console.log(JSON.stringify(answers));
  process.exit(0);
}

/** Windows keeps the file of a held lock, and the garbage collected one is held. */
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
  // V8's takes true for a look at what is new alone, which finds no garbage that has a finalizer; Bun's waits for true.
  const collect = globalThis.gc ?? globalThis.Bun?.gc.bind(null, true);
  if (!collect) return 'no gc here';
  // Finalizers run in a later turn of the event loop, some of them in Bun only after a while.
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
  return foreign ? takeOverFrom(foreign, file) : 'not asked';
}

/** Another process holds; this one is refused; kill -9; this one waits no longer. */
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

/** The whole gateway: a server that accepts on the lock's own socket. */
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

/** Not fetch(), which connects nowhere in Wine 8 ("connect UNKNOWN"). */
async function textFrom(port) {
  const [response] = await once(get({ host: '127.0.0.1', port }), 'response');
  return (await response.setEncoding('utf8').toArray()).join('');
}

function contend([program, ...args], file) {
  const { stdout, stderr } = spawnSync(program, [...args, 'contend', file], { encoding: 'utf8', timeout: LIMIT_MS });
  return stdout.trim() || stderr.trim();
}
