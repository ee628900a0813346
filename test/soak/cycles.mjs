// What a long-lived process does with this package, as cycles that leave nothing behind.
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  acquireGatewayLock,
  acquireLock,
  bindExclusive,
  listLocks,
  probeLock,
  probePort,
  tryAcquireLock,
} from 'gateway-lock';

const HOST = '127.0.0.1';
const SUCCESSOR = fileURLToPath(new URL('successor.mjs', import.meta.url));

/**
 * The cycles by name. `every` is how many rounds pass between two runs of a cycle: cycles that start
 * processes take a hundred times as long as the others.
 */
export const CYCLES = {
  'acquire, release': { every: 1, run: acquireAndRelease },
  wait: { every: 1, run: waitInTurn },
  'give up a wait': { every: 5, run: giveUp },
  probe: { every: 1, run: probe },
  bind: { every: 2, run: bind },
  gateway: { every: 10, run: gateway },
  'upgrade that fails': { every: 200, run: failedUpgrade },
  upgrade: { every: 1000, run: upgrade },
};

/** Creates the directories of the cycles. */
export function prepare(directory) {
  mkdirSync(join(directory, 'state'), { recursive: true });
  return { directory, options: { stateDir: join(directory, 'state'), env: { HOME: directory }, host: HOST, port: 0 } };
}

function acquireAndRelease({ directory }) {
  for (const options of [{}, { keepFile: false }, { mode: 'shared', keepFile: false }]) {
    const lock = tryAcquireLock(join(directory, 'a.lock'), options);
    if (tryAcquireLock(join(directory, 'a.lock')) !== null) throw new Error('the lock has two holders');
    lock.updateOwner({ note: 'updated' });
    lock.onLost(() => {})();
    lock.release();
  }
}

async function waitInTurn({ directory }) {
  const path = join(directory, 'waited.lock');
  const holder = tryAcquireLock(path);
  const waiting = [1, 2, 3].map(() => acquireLock(path, { timeoutMs: 60_000 }).then((lock) => lock.release()));
  setImmediate(() => holder.release());
  await Promise.all(waiting);
}

async function giveUp({ directory }) {
  const path = join(directory, 'held.lock');
  const holder = tryAcquireLock(path);
  const signal = AbortSignal.timeout(5);
  await Promise.allSettled([acquireLock(path, { timeoutMs: 2 }), acquireLock(path, { timeoutMs: 60_000, signal })]);
  holder.release();
}

async function probe({ directory, options }) {
  const path = join(directory, 'probed.lock');
  const holder = tryAcquireLock(path);
  if (probeLock(path).state !== 'held') throw new Error('probeLock() misses the holder');
  holder.release();
  if (probeLock(path).state !== 'free') throw new Error('probeLock() reports a holder of a free lock');
  await listLocks({ env: options.env });
}

async function bind() {
  const listener = bindExclusive({ host: HOST, port: 0 });
  await probePort({ host: HOST, port: listener.address.port });
  await listener.listen(createServer((_request, response) => response.end('ok')));
  await request(listener.address.port);
  await listener.close();
}

/** Not fetch(), which keeps 24 KB for each port that it has ever used. */
async function request(port) {
  const [response] = await once(get({ host: HOST, port, agent: false }), 'response');
  await once(response.resume(), 'end');
}

async function gateway({ options }) {
  const lock = await acquireGatewayLock(options);
  const second = await acquireGatewayLock({ ...options, timeoutMs: 0 }).catch(({ code }) => code);
  if (second !== 'ERR_GATEWAY_LOCKED') throw new Error(`a second gateway started: ${second}`);
  await lock.close();
}

async function failedUpgrade({ options }) {
  const lock = await acquireGatewayLock(options);
  const { outcome } = await lock.upgrade({ command: [process.execPath, '-e', ''], stdio: 'ignore' });
  if (outcome !== 'kept' || !lock.verify()) throw new Error('a successor that exits took over');
  await lock.close();
}

async function upgrade({ options }) {
  const lock = await acquireGatewayLock({ ...options, port: await freePort() });
  await lock.listen(createServer());
  const words = JSON.stringify({ ...options, port: lock.port });
  const { outcome } = await lock.upgrade({ command: [process.execPath, SUCCESSOR, words], stdio: 'ignore' });
  if (outcome !== 'upgraded') throw new Error('the successor did not take over');
  // The successor ends as soon as it has taken over.
  const next = await acquireGatewayLock({ ...options, timeoutMs: 60_000, whenListening: 'wait' });
  await next.close();
}

async function freePort() {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
