// The successor's part of an upgrade on Windows, with a fake of Node's IPC channel.
import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { readGatewayOptions } from '../../src/gateway/gateway-options.js';
import { type ParentChannel, receiveSockets } from '../../src/gateway/inherited/sent-sockets.js';
import type { GatewayLockOptions } from '../../src/index.js';
import { need } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { whyNoAddress } from '../support/loopbacks.js';

const VARIABLE = 'GATEWAY_LOCK_PREDECESSOR';
const PORT = 18_790;

class Parent extends EventEmitter {
  connected = true;
  readonly sent: string[] = [];
  readonly channel = { ref: () => {} };

  send({ gatewayLock }: { gatewayLock: string }): boolean {
    return this.sent.push(gatewayLock) > 0;
  }

  disconnect(): void {
    this.connected = false;
  }
}

class Socket {
  closed = 0;
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
  }

  getsockname(name: object): number {
    Object.assign(name, { address: this.#address, port: PORT });
    return 0;
  }

  close(): void {
    this.closed++;
  }
}

function begin(options: GatewayLockOptions) {
  process.env[VARIABLE] = String(process.ppid);
  const parent = new Parent();
  const request = readGatewayOptions({ stateDir: freshDirectory(), port: PORT, env: {}, ...options });
  const received = receiveSockets(request, parent as unknown as ParentChannel);
  return { parent, received };
}

function sendTo(parent: Parent, sockets: readonly Socket[], count = sockets.length): void {
  for (const socket of sockets) parent.emit('message', { gatewayLock: 'socket', count }, socket);
}

afterEach(() => {
  delete process.env[VARIABLE];
});

describe('the sockets that a predecessor sends', () => {
  test('are received, sent back, and used once the predecessor is gone', async () => {
    const { parent, received } = begin({});
    const socket = new Socket('127.0.0.1');
    sendTo(parent, [socket]);
    await new Promise(setImmediate);
    expect(parent.sent).toEqual(['adopting', 'copy', 'ready']);
    parent.emit('disconnect');
    expect((await received)!.listener!.address).toEqual({ address: '127.0.0.1', family: 'IPv4', port: PORT });
    expect(socket.closed).toBe(0);
  });

  test('are closed if the predecessor dies before it has sent all', async () => {
    const { parent, received } = begin({ host: 'localhost' });
    const first = new Socket('127.0.0.1');
    sendTo(parent, [first], 2);
    parent.emit('disconnect');
    expect(await received).toBeNull();
    expect(first.closed).toBe(1);
  });

  test.each([
    ['before the sockets arrive', 0],
    ['while only one of two has arrived', 1],
    ['while the predecessor still owns the locks', 2],
  ])('are closed if the signal aborts %s, and the predecessor is told by the end of the channel', async (_, count) => {
    const { signal, abort } = aborting();
    const { parent, received } = begin({ host: 'localhost', signal });
    const sockets = ['127.0.0.1', '::1'].slice(0, count).map((address) => new Socket(address));
    sendTo(parent, sockets, 2);
    await new Promise(setImmediate);
    abort();
    await expect(received).rejects.toThrow('enough');
    expect(sockets.map(({ closed }) => closed)).toEqual(sockets.map(() => 1));
    expect(parent.connected).toBe(false);
  });

  test('are refused if one of the addresses of localhost has none', async (ctx) => {
    need(ctx, whyNoAddress('::1'));
    const { parent, received } = begin({ host: 'localhost' });
    const only = new Socket('127.0.0.1');
    sendTo(parent, [only]);
    expect(await received).toBeNull();
    expect(parent.sent).toEqual(['adopting', `refused no socket was inherited for ::1, port ${PORT}`]);
    expect(only.closed).toBe(1);
  });
});

function aborting() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort(new Error('enough')) };
}
