// The simulated hosts of a history. Each is a worker process with a separate network, which a fault
// can cut.
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { DroppingProxy } from '../dropping-proxy.js';
import type { WorkerConfig } from './worker.js';

/** The network between a worker and the servers. */
export interface HostNetwork {
  /** The `host:port` at which this host reaches each server. */
  readonly servers: readonly string[];
  /** Begins a partition. */
  cut(): void;
  /** Ends the partition. */
  heal(): void;
  close(): void;
}

/** Creates a network of dropping proxies, which need no privileges. */
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
 * Creates a network with a separate loopback address, whose packets iptables can drop. The rules
 * apply to the whole network namespace, so call this only in a namespace created for the test.
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

/** One simulated host. */
export class Host {
  readonly network: HostNetwork;
  readonly #script: string;
  readonly #config: (log: string) => WorkerConfig;
  readonly #logs: string;
  #child: ChildProcess | null = null;
  #starts = 0;
  /** The host's current fault, or null. */
  fault: string | null = null;

  constructor(network: HostNetwork, script: string, logs: string, config: (log: string) => WorkerConfig) {
    this.network = network;
    this.#script = script;
    this.#logs = logs;
    this.#config = config;
  }

  /** The log of the current worker process. */
  get log(): string {
    return `${this.#logs}.${this.#starts}`;
  }

  /** Starts a worker process. */
  start(): void {
    this.#starts += 1;
    const env = { ...process.env, HISTORY_WORKER: JSON.stringify(this.#config(this.log)) };
    this.#child = fork(this.#script, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Blocks the event loop of the worker process. */
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
