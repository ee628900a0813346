// The successor's part of an upgrade on Windows. Receives the listening sockets from the gateway
// that this process replaces, and waits until that gateway has released its locks.
import { once } from 'node:events';
import { BoundListener } from '../../bind/bound-listener.js';
import { addressesOf } from '../../endpoint.js';
import { addressOfSent, type SentSocket } from '../../native/server-handle.js';
import { printable } from '../../printable.js';
import type { GatewayRequest } from '../gateway-options.js';
import { COPY, countOf, IPC_VARIABLE, report } from './ipc-messages.js';

/** What a predecessor has sent. */
export interface Received {
  /** Null if the gateways bind no port. */
  readonly listener: BoundListener | null;
}

/**
 * Receives the sockets, reports `ready`, and resolves once the predecessor has ended the IPC
 * channel: it has released its locks, or has died. Returns null if this process is not a successor,
 * or if the sockets are not those that the request asks for.
 *
 * @throws `signal.reason` if the signal aborts
 */
export async function receiveSockets(request: GatewayRequest): Promise<Received | null> {
  if (process.env[IPC_VARIABLE] !== String(process.ppid) || !process.connected) return null;
  delete process.env[IPC_VARIABLE];
  const gone = once(process, 'disconnect');
  const sockets = await Promise.race([receive(), gone.then(() => null)]);
  if (sockets === null) return null;
  const received = adopt(sockets, request);
  if (typeof received === 'string') return refuse(sockets, received);
  for (const socket of sockets) send(COPY, socket);
  send('ready');
  await untilGone(gone, received.listener, request.signal);
  return received;
}

/** Resolves with all sockets of the predecessor. Keeps the channel open, which this process needs. */
function receive(): Promise<SentSocket[]> {
  const sockets: SentSocket[] = [];
  return new Promise((resolve) => {
    process.on('message', function onMessage(message: unknown, socket: unknown) {
      const count = countOf(message);
      if (count === null) return;
      if (count > 0) sockets.push(socket as SentSocket);
      if (sockets.length < count) return;
      process.off('message', onMessage);
      resolve(sockets);
    });
    send('adopting');
  });
}

/** Returns the listener on the sockets, or the reason why they do not fit the request. */
function adopt(sockets: SentSocket[], { bind, cluster, host, port, backlog }: GatewayRequest): Received | string {
  if (cluster !== undefined) return 'a gateway with a cluster lock cannot be handed over';
  if (sockets.length === 0) return { listener: null };
  if (!bind) return 'the successor does not bind the port (bind: false)';
  const addresses = addressesOf(host);
  const named = sockets.map(addressOfSent);
  const fits = named.every((at, index) => at?.address === addresses[index] && (port === 0 || at?.port === port));
  if (!fits) return `the inherited socket does not listen on ${host}, port ${port}`;
  return { listener: new BoundListener([], { ...named[0]!, backlog }, sockets) };
}

function refuse(sockets: readonly SentSocket[], reason: string): null {
  send(`refused ${printable(reason)}`);
  for (const socket of sockets) socket.close();
  return null;
}

async function untilGone(
  gone: Promise<unknown>,
  listener: BoundListener | null,
  signal: AbortSignal | undefined,
): Promise<void> {
  // The predecessor may send nothing more, and without a listener the channel would not keep this
  // process running.
  process.channel?.ref();
  const aborted = new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    await Promise.race([gone, aborted]);
  } catch (error) {
    await listener?.close();
    if (process.connected) process.disconnect();
    throw error;
  }
}

function send(line: string, socket?: SentSocket): void {
  // An error means that the predecessor is gone, which 'disconnect' reports.
  process.send?.(report(line), socket as never, {}, () => {});
}
