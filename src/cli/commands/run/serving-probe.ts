// Finds out whether one program serves on a socket that several programs may share.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../../clock.js';
import type { Endpoint } from '../../../endpoint.js';
import { native, parentOf } from '../../../internal.js';

/** Milliseconds that the program has to accept the connection, and then to answer. */
const TIMEOUT_MS = 1000;
/** Milliseconds between two looks at the connection's owner. */
const LOOK_MS = 10;

/**
 * Returns true if the process `pid`, or a descendant, answers a GET request with a status below
 * 500. A status such as 404 also shows that the program serves. Never rejects.
 *
 * The request is completed only once the server's side of the connection belongs to the process.
 * Otherwise the answer could come from the program that is being replaced.
 */
export async function servesItself(pid: number, { host, port }: Endpoint, path: string): Promise<boolean> {
  const socket = connect({ host, port }).on('error', () => {});
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
  try {
    await once(socket, 'connect');
    socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n`);
    if (!isSameOrDescendant(await acceptingPid(socket, { host, port }), pid)) return false;
    socket.write('\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return /^HTTP\/1\.\d [1-4]\d\d/.test(answer.toString('latin1'));
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Returns the pid of the process that has accepted the connection, or 0 if none has in time. */
async function acceptingPid(socket: Socket, { host, port }: Endpoint): Promise<number> {
  const { localPort } = socket;
  const deadline = monotonicMs() + TIMEOUT_MS;
  while (!socket.destroyed && monotonicMs() < deadline) {
    const pid = native().findConnectionOwner(host, port, localPort!);
    if (pid !== 0) return pid;
    await sleep(LOOK_MS);
  }
  return 0;
}

function isSameOrDescendant(pid: number, ancestor: number): boolean {
  for (let each: number | null = pid; each !== null && each > 1; each = parentOf(each)) {
    if (each === ancestor) return true;
  }
  return false;
}
