// Makes a server listen on a socket that already exists.
import type { Server } from 'node:net';
import { listenOn, type ServerHandle } from '../native/server-handle.js';

/**
 * Makes `server` listen on the socket of `handle`, which the server then owns. Resolves once the
 * server is listening.
 *
 * @throws the error of `server.listen()`, after which the socket is closed
 * @throws {Error} `ERR_INVALID_STATE` if the server is closed before it listens
 */
export async function startListening(server: Server, handle: ServerHandle, backlog: number): Promise<void> {
  const closed = Object.assign(new Error('the listener was closed'), { code: 'ERR_INVALID_STATE' });
  const listening = listeningOf(server, closed);
  try {
    listenOn(server, handle, backlog);
  } catch (error) {
    handle.close();
    listening.catch(() => {}); // Nothing awaits this promise, which may still reject.
    throw error;
  }
  await listening;
}

/** Resolves once the server is listening. Rejects if the server fails or is closed before that. */
function listeningOf(server: Server, closed: Error): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void) => {
      server.off('listening', onListening);
      server.off('error', onError);
      server.off('close', onClose);
      then();
    };
    const onListening = () => settle(resolve);
    const onError = (error: Error) => settle(() => reject(error));
    // A server that listens again may still emit the 'close' of its earlier socket.
    const onClose = () => void (server.listening || settle(() => reject(closed)));
    server.once('listening', onListening);
    server.once('error', onError);
    server.on('close', onClose);
  });
}
