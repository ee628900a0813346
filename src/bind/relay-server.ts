// A server on a second socket that passes its connections on to the server of the first one.
import type { AddressInfo, Server, ServerOpts, Socket } from 'node:net';
import { loadNet } from '../native/builtins.js';
import { acceptsConnectionEvents } from '../native/server-handle.js';

/** Creates a server that passes its connections on to `server`. */
export function relayTo(server: Server): Server {
  const relay = loadNet().createServer(socketOptionsOf(server), (socket) => {
    // A closed server emits 'close' only after its last connection has ended, so the relay may
    // outlive it.
    if (!server.listening) socket.destroy();
    else if (acceptsConnectionEvents(server)) server.emit('connection', socket);
    else connectTo(server, socket);
  });
  // A server that listens again may still emit the 'close' of its earlier socket.
  const closeRelay = () => void (server.listening || relay.close());
  server.on('close', closeRelay);
  relay.once('close', () => server.off('close', closeRelay));
  return relay;
}

/** Connects a client to the server through a connection of its own. */
function connectTo(server: Server, client: Socket): void {
  const { address, port } = server.address() as AddressInfo;
  const connection = loadNet().connect(port, address);
  client.on('error', () => connection.destroy()).pipe(connection);
  connection.on('error', () => client.destroy()).pipe(client);
  // In Bun the client's socket would stay open until the client ends its side too.
  connection.on('close', () => client.end(() => client.destroy()));
}

/**
 * Returns the options that a net.Server applies to its sockets. An http server has the same fields.
 */
function socketOptionsOf(server: Server): ServerOpts {
  const { allowHalfOpen, pauseOnConnect, noDelay, keepAlive, keepAliveInitialDelay } = server as Server & ServerOpts;
  return { allowHalfOpen, pauseOnConnect, noDelay, keepAlive, keepAliveInitialDelay } as ServerOpts;
}
