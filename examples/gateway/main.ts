// A whole gateway: HTTP and WebSocket on one port that nobody else can have, guarded by gateway-lock.
import { acquireGatewayLock, type GatewayLock, GatewayLockError, startSupervised } from 'gateway-lock';
import { readArguments } from './arguments.js';
import { createGatewayServer } from './server.js';

const stop = new AbortController();
// once: a second Ctrl-C ends the process at once. The kernel frees the lock in any case.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

try {
  await run();
} catch (error) {
  if (error !== stop.signal.reason) fail(error);
}

async function run(): Promise<void> {
  const options = readArguments(process.argv.slice(2));
  if (options === null) return;
  // The lock comes first: whoever is refused must not have touched the state.
  const started = await startSupervised({
    start: (attempt) => acquireGatewayLock({ ...options, ...attempt }),
    signal: stop.signal,
  });
  if (started.outcome === 'duplicate') return leaveInControl(started.owner?.pid, started.exitCode);
  const lock = started.gateway;
  if (lock.reclaimed) console.log(`reclaimed the lock file of an earlier gateway (${lock.reclaimed})`);
  lock.onLost((error) => fail(error));
  const server = createGatewayServer();
  await lock.listen(server.http);
  console.log(`gateway listening on ${lock.url} (pid ${process.pid})`);
  await stopped(stop.signal);
  server.sayGoodbye();
  await close(lock);
}

/** Only under systemd, launchd and their like: without a supervisor a duplicate is an error. */
function leaveInControl(pid: number | undefined, exitCode: number): void {
  console.log(`a healthy gateway (pid ${pid ?? 'unknown'}) is left in control`);
  process.exitCode = exitCode;
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

async function close(lock: GatewayLock): Promise<void> {
  await lock.close();
  console.log('gateway stopped');
}

function fail(error: unknown): never {
  const { message } = error as Error;
  console.error(error instanceof GatewayLockError ? `${message}\n${error.hint}` : message);
  process.exit(error instanceof GatewayLockError ? error.exitCode : 1);
}
