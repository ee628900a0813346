// The "hosts" of a history: one worker process each, behind a network of its own that can be cut.
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { DroppingProxy } from '../dropping-proxy.js';
import type { WorkerConfig } from './worker.js';

/** A worker's way to the servers. */
export interface HostNetwork {
  readonly servers: readonly string[];
  cut(): void;
  heal(): void;
  close(): void;
}

/** A dropping proxy in front of each server. Needs no rights. */
export async function proxyNetwork(ports: readonly number[]): Promise<HostNetwork> {
  const proxies = await Promise.all(ports.map((port) => DroppingProxy.to(port)));
  return {
    servers: proxies.map(({ port }) => `127.0.0.1:${port}`),
    cut: () => proxies.forEach((proxy) => void proxy.drop()),
    heal: () => proxies.forEach((proxy) => void proxy.heal()),
    close: () => proxies.forEach((proxy) => void proxy.close()),
  };
}

/**
 * An address of its own on loopback, which iptables can drop. Only for a process in a network namespace that the test made: the
 * rules apply to all of it.
 */
export async function iptablesNetwork(ports: readonly number[], index: number): Promise<HostNetwork> {
  const address = `127.0.1.${index + 1}`;
  const rules = (change: string) => {
    for (const side of ['-d', '-s']) execFileSync('iptables', ['-w', change, 'INPUT', side, address, '-j', 'DROP']);
  };
  let isCut = false;
  return {
    servers: ports.map((port) => `${address}:${port}`),
    cut: () => {
      if (!isCut) rules('-I');
      isCut = true;
    },
    heal: () => {
      if (isCut) rules('-D');
      isCut = false;
    },
    close: () => {},
  };
}

export class Host {
  readonly network: HostNetwork;
  readonly #script: string;
  readonly #config: (log: string) => WorkerConfig;
  readonly #logs: string;
  #child: ChildProcess | null = null;
  #incarnation = 0;
  /** The fault of this host now; null if there is none. */
  trouble: string | null = null;

  constructor(network: HostNetwork, script: string, logs: string, config: (log: string) => WorkerConfig) {
    this.network = network;
    this.#script = script;
    this.#logs = logs;
    this.#config = config;
  }

  get log(): string {
    return `${this.#logs}.${this.#incarnation}`;
  }

  start(): void {
    this.#incarnation += 1;
    const env = { ...process.env, HISTORY_WORKER: JSON.stringify(this.#config(this.log)) };
    this.#child = fork(this.#script, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  block(ms: number): void {
    this.#child?.send({ blockMs: ms });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}
