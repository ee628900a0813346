// A complete gateway: HTTP and WebSocket on one port, guarded by gateway-lock.
import { acquireGatewayLock, type GatewayLock, GatewayLockError, startSupervised } from 'gateway-lock';
import { readArguments } from './arguments.js';
import { createGatewayServer, type GatewayServer } from './server.js';

const stop = new AbortController();
// The handlers run only once, so that a second Ctrl-C ends the process immediately. The kernel
// releases the lock in any case.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

try {
  await run();
} catch (error) {
  if (error !== stop.signal.reason) fail(error);
}

async function run(): Promise<void> {
  const options = readArguments(process.argv.slice(2));
  if (options === null) return;
  // Acquires the lock first, so that a refused gateway never touches the state.
  const started = await startSupervised({
    start: (attempt) => acquireGatewayLock({ ...options, ...attempt }),
    signal: stop.signal,
  });
  if (started.outcome === 'duplicate') return exitAsDuplicate(started.owner?.pid, started.exitCode);
  const lock = started.gateway;
  if (lock.reclaimed) console.log(`reclaimed the lock file of an earlier gateway (${lock.reclaimed})`);
  lock.onLost((error) => fail(error));
  const server = createGatewayServer();
  process.on('SIGHUP', () => reload(lock, server).catch((error) => console.error((error as Error).message)));
  await lock.listen(server.http);
  console.log(`gateway listening on ${lock.url} (pid ${process.pid})`);
  await stopped(stop.signal);
  await lock.close({ drain: server.closeClients });
  console.log('gateway stopped');
}

/** Starts this program again as the successor, for example after an update. No client is refused. */
async function reload(lock: GatewayLock, server: GatewayServer): Promise<void> {
  const result = await lock.upgrade({ drain: () => server.closeClients() });
  if (result.outcome === 'upgraded') {
    console.log(`gateway replaced by pid ${result.pid}`);
    process.exit();
  }
  server.keepClients();
  console.error(`upgrade failed (${result.reason}); this gateway continues (pid ${process.pid})`);
}

/**
 * Exits because another gateway is healthy. This happens only under a supervisor such as systemd or
 * launchd; without one, a duplicate is an error.
 */
function exitAsDuplicate(pid: number | undefined, exitCode: number): void {
  const holder = pid === undefined ? '' : ` (pid ${pid})`;
  console.log(`already running and healthy${holder}; exiting with code ${exitCode}`);
  process.exitCode = exitCode;
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

function fail(error: unknown): never {
  const { message } = error as Error;
  console.error(error instanceof GatewayLockError ? `${message}\n${error.hint}` : message);
  process.exit(error instanceof GatewayLockError ? error.exitCode : 1);
}
