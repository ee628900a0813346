// gateway-lock serve: a small demo gateway.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Command } from 'commander';
import { acquireGatewayLock, detectSupervisor, type GatewayLock, startSupervised } from '../../index.js';
import { withExamples } from '../examples.js';
import { withExitCodes } from '../exit-codes.js';
import { addFlags, type GatewayFlags, gatewayOptions } from '../gateway-flags.js';
import { errorLine, say } from '../output.js';
import { SignalRelay } from '../signal-relay.js';
import { sayDuplicate } from '../supervision.js';

export function addServeCommand(program: Command): void {
  const command = program
    .command('serve')
    .summary('run a small demo gateway')
    .description(
      'Acquires the lock, binds the port and answers GET /healthz until Ctrl-C. To try the lock, start a second gateway, kill the first with ' +
        'kill -9, and start the second gateway again.',
    );
  addFlags(command, 'port', 'host', 'stateDir', 'config', 'profile', 'app')
    .option('--park', 'wait while a healthy gateway is running, and start when it ends')
    .action(serve);
  withExamples(command, [
    { line: 'gateway-lock serve', what: 'run a gateway on ws://127.0.0.1:18789, with its state in ~/.gateway' },
    {
      line: 'gateway-lock serve --profile rescue --port 18809',
      what: 'run a second gateway, with its state in ~/.gateway-rescue',
    },
  ]);
  withExitCodes(command, [
    [0, 'stopped by a signal; under a supervisor other than systemd also: a healthy gateway is already running'],
    [1, 'error; also: the lock or the port is in use'],
    [64, 'usage error'],
    [78, 'under systemd: a healthy gateway is already running'],
  ]);
}

interface ServeFlags extends GatewayFlags {
  readonly park?: boolean;
}

async function serve(flags: ServeFlags): Promise<void> {
  const signals = new SignalRelay();
  const ended = await signals.endedBy(async () => ({ code: await start(flags, signals.interrupted) }));
  signals.exitAs(ended);
}

async function start(flags: ServeFlags, signal: AbortSignal): Promise<number> {
  const outcome = await startSupervised({
    start: (attempt) => acquireGatewayLock({ ...gatewayOptions(flags), ...attempt }),
    supervisor: detectSupervisor(process.env, flags.app === undefined ? {} : { app: flags.app }),
    ...(flags.park === undefined ? {} : { park: flags.park }),
    signal,
  });
  if (outcome.outcome === 'duplicate') return sayDuplicate(outcome);
  await serveUntil(signal, outcome.gateway);
  return 0;
}

async function serveUntil(signal: AbortSignal, lock: GatewayLock): Promise<void> {
  if (lock.reclaimed) console.log(`reclaimed the lock file of an earlier gateway (${lock.reclaimed})`);
  lock.onLost((error) => say(errorLine(error)));
  await lock.ready();
  await lock.listen(createServer(answer));
  console.log(`gateway listening on ${lock.url} (pid ${process.pid})`);
  await aborted(signal);
  await lock.close();
  console.log('gateway stopped');
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const live = request.url === '/healthz' && (request.method === 'GET' || request.method === 'HEAD');
  const body = JSON.stringify(live ? { ok: true, status: 'live' } : { ok: false, error: 'not found' });
  response.writeHead(live ? 200 : 404, { 'content-type': 'application/json' });
  response.end(body);
}
