// Injects the faults of a history: stopped processes, disconnected hosts and dying servers. Each
// host fault lasts longer than the lock's time to live. Most host faults hit a holder.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from './hosts.js';

/**
 * A server fault: its name, and a function that injects it and resolves when the servers work
 * again.
 */
export type ServerFault = readonly [name: string, run: () => Promise<void>];

/** Injects one fault after another. */
export class Nemesis {
  /**
   * How often each fault was injected. `NAME (holder)` counts the faults that hit a host that held
   * a lock.
   */
  readonly counts: Record<string, number> = {};
  readonly #hosts: readonly Host[];
  readonly #serverFaults: readonly ServerFault[];
  readonly #ttlMs: number;
  #serverFaultCount = 0;
  readonly #running = new Set<Promise<void>>();

  constructor(hosts: readonly Host[], serverFaults: readonly ServerFault[], ttlMs: number) {
    this.#hosts = hosts;
    this.#serverFaults = serverFaults;
    this.#ttlMs = ttlMs;
  }

  /** Injects faults for `durationMs` milliseconds. Resolves when all faults have been undone. */
  async run(durationMs: number): Promise<void> {
    const endMs = performance.now() + durationMs;
    for (let round = 0; performance.now() < endMs; round++) {
      if (round % 6 === 5) await this.#faultServers();
      else this.#faultHost(round);
      await sleep(this.#ttlMs * (0.2 + 0.3 * Math.random()));
    }
    await Promise.all(this.#running);
  }

  #faultHost(round: number): void {
    const idle = this.#hosts.filter((host) => host.fault === null);
    const holders = idle.filter((host) => isHolding(host, this.#ttlMs));
    const host = pick(holders.length > 0 && Math.random() < 0.8 ? holders : idle);
    if (host === undefined) return;
    const faults = ['stop', 'cut', 'kill', 'block', 'cut and stop'] as const;
    const fault = faults[round % faults.length]!;
    this.#count(holders.includes(host) ? `${fault} (holder)` : fault);
    const run = this.#inject(host, fault).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #inject(host: Host, fault: string): Promise<void> {
    host.fault = fault;
    const forMs = this.#ttlMs * (1.1 + 0.5 * Math.random());
    if (fault.includes('cut')) host.network.cut();
    if (fault.includes('stop')) host.signal('SIGSTOP');
    if (fault === 'block') host.block(forMs);
    if (fault === 'kill') await host.kill();
    else await sleep(forMs);
    // The process continues before its network is back.
    if (fault.includes('stop')) host.signal('SIGCONT');
    if (fault === 'kill') host.start();
    host.network.heal();
    host.fault = null;
  }

  async #faultServers(): Promise<void> {
    const [name, run] = this.#serverFaults[this.#serverFaultCount++ % this.#serverFaults.length]!;
    this.#count(name);
    await run();
  }

  #count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
}

/**
 * Returns true if the last entry in the host's log is a read of `held` within the last fifth of the
 * time to live.
 */
function isHolding(host: Host, ttlMs: number): boolean {
  try {
    const [kind, , , atMs] = readFileSync(host.log, 'utf8').trimEnd().split('\n').at(-1)!.split(' ');
    return kind === 'held' && Number(atMs) > bootNowMs() - ttlMs / 5;
  } catch {
    return false;
  }
}

/** Returns the boot clock with a resolution of 10 ms, which is enough to choose a host. */
function bootNowMs(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
}

function pick<T>(from: readonly T[]): T | undefined {
  return from[Math.floor(Math.random() * from.length)];
}
