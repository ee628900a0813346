// The successor's part of an upgrade on Windows. Receives the listening sockets from the gateway
// that this process replaces, and waits until that gateway has released its locks.
import { BoundListener } from '../../bind/bound-listener.js';
import { addressesOf, isNoAddress } from '../../endpoint.js';
import { native } from '../../native/load.js';
import { addressOfSent, type SentSocket } from '../../native/server-handle.js';
import { printable } from '../../printable.js';
import type { GatewayRequest } from '../gateway-options.js';
import { COPY, countOf, IPC_VARIABLE, report } from './ipc-messages.js';

/** What a predecessor has sent. */
export interface Received {
  /** Null if the gateways bind no port. */
  readonly listener: BoundListener | null;
}

/** Node's IPC channel to the parent of this process. */
export type ParentChannel = Pick<
  NodeJS.Process,
  'on' | 'off' | 'once' | 'send' | 'disconnect' | 'connected' | 'channel'
>;

/**
 * Receives the sockets, reports `ready`, and resolves once the predecessor has ended the IPC
 * channel: it has released its locks, or has died. Returns null if this process is not a successor,
 * or if the sockets are not those that the request asks for.
 *
 * @throws `signal.reason` if the signal aborts
 */
export async function receiveSockets(
  request: GatewayRequest,
  parent: ParentChannel = process,
): Promise<Received | null> {
  if (process.env[IPC_VARIABLE] !== String(process.ppid) || !parent.connected) return null;
  delete process.env[IPC_VARIABLE];
  const sockets: SentSocket[] = [];
  const end = endOf(parent, request.signal);
  try {
    if ((await Promise.race([receive(parent, sockets), end])) === 'gone') return discard(sockets);
    const received = adopt(sockets, request);
    if (typeof received === 'string') return refuse(parent, sockets, received);
    for (const socket of sockets) send(parent, COPY, socket);
    send(parent, 'ready');
    // The predecessor may send nothing more, and without a listener the channel would not keep this
    // process running.
    parent.channel?.ref();
    await end;
    return received;
  } catch (error) {
    discard(sockets);
    if (parent.connected) parent.disconnect();
    throw error;
  }
}

/** Adds the sockets of the predecessor. Keeps the channel open, which this process needs. */
function receive(parent: ParentChannel, sockets: SentSocket[]): Promise<'received'> {
  return new Promise((resolve) => {
    parent.on('message', function onMessage(message: unknown, socket: unknown) {
      const count = countOf(message);
      if (count === null) return;
      if (count > 0) sockets.push(socket as SentSocket);
      if (sockets.length < count) return;
      parent.off('message', onMessage);
      resolve('received');
    });
    send(parent, 'adopting');
  });
}

/** Resolves at the end of the channel. Rejects with the reason of the signal. */
function endOf(parent: ParentChannel, signal: AbortSignal | undefined): Promise<'gone'> {
  const end = new Promise<'gone'>((resolve, reject) => {
    parent.once('disconnect', () => resolve('gone'));
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  // After the takeover, an abort has no effect.
  end.catch(() => {});
  return end;
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
  const missing = addresses.slice(sockets.length).find(isOfThisHost);
  if (missing !== undefined) return `no socket was inherited for ${missing}, port ${port}`;
  return { listener: new BoundListener([], { ...named[0]!, backlog }, sockets) };
}

/** Returns false if this host does not have the address, so that the predecessor could not bind it. */
function isOfThisHost(address: string): boolean {
  try {
    native().closeListener(native().listen(address, 0, 1));
    return true;
  } catch (error) {
    return !isNoAddress(error);
  }
}

function refuse(parent: ParentChannel, sockets: readonly SentSocket[], reason: string): null {
  send(parent, `refused ${printable(reason)}`);
  return discard(sockets);
}

function discard(sockets: readonly SentSocket[]): null {
  for (const socket of sockets) socket.close();
  return null;
}

function send(parent: ParentChannel, line: string, socket?: SentSocket): void {
  // An error means that the predecessor is gone, which 'disconnect' reports.
  parent.send?.(report(line), socket as never, {}, () => {});
}
