// A predecessor that this test process plays: it passes its locks, its socket and a custody channel
// to an actor.
import { closeSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { type Bequest, formatInherited, INHERITED_VARIABLE } from '../../src/gateway/inherited/variable.js';
import { acquireGatewayLock, type GatewayLock, type GatewayLockOptions } from '../../src/index.js';
import { native } from '../../src/native/load.js';
import { type Actor, startActor } from './actors.js';
import { until } from './until.js';

export interface Passed extends Partial<Bequest> {
  /** Instead of the descriptors of `lock`. */
  readonly descriptors?: readonly number[];
  /** False for a channel without a token. */
  readonly token?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

/** This process's end of the custody channel. */
export class Channel {
  /** What the successor has reported so far. */
  reports = '';
  readonly #socket: Socket;

  constructor(descriptor: number) {
    this.#socket = new Socket({ fd: descriptor, readable: true, writable: true });
    this.#socket.on('data', (chunk) => (this.reports += chunk)).on('error', () => {});
  }

  async reported(text: string): Promise<void> {
    await until(() => this.reports.includes(text), `the successor reports ${JSON.stringify(text)}`);
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** Starts an actor that inherits the descriptors. */
export async function startSuccessor(
  lock: GatewayLock,
  { descriptors = lock.inheritance.descriptors, token = true, env, ...bequest }: Passed = {},
): Promise<{ successor: Actor; channel: Channel }> {
  const { own, passed } = openChannel(token);
  const sockets = lock.listener?.fds.length ?? 0;
  const variable = formatInherited({ from: 'upgrade', sockets, locks: descriptors.length - sockets, ...bequest });
  const successor = await startActor({
    descriptors: [...descriptors, passed],
    env: { ...process.env, [INHERITED_VARIABLE]: variable, ...env },
  });
  closeSync(passed);
  return { successor, channel: new Channel(own) };
}

/** Opens a channel, and writes the token with the addon's own descriptor. */
export function openChannel(token: boolean): { own: number; passed: number } {
  const [own, passed] = native().socketPair();
  if (token) writeSync(own, 'a');
  return { own, passed };
}

/** Starts a predecessor in this process. */
export async function startPredecessor(options: GatewayLockOptions): Promise<GatewayLock> {
  const lock = await acquireGatewayLock(options);
  onTestFinished(() => lock.close({ graceMs: 0 }));
  return lock;
}
