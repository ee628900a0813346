// The faults of a history: processes that stop, hosts that are cut off, servers that die. One fault after another, each for
// longer than the time to live, and aimed at a holder most of the time.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from './hosts.js';

/** A fault of the servers, with its name; resolves when the servers are in order again. */
export type ServerFault = readonly [name: string, run: () => Promise<void>];

export class Nemesis {
  /** The number of hits of each fault; `name (holder)`: a host that held a lock at that moment. */
  readonly counts: Record<string, number> = {};
  readonly #hosts: readonly Host[];
  readonly #serverFaults: readonly ServerFault[];
  readonly #ttlMs: number;
  #serverTroubles = 0;
  readonly #running = new Set<Promise<void>>();

  constructor(hosts: readonly Host[], serverFaults: readonly ServerFault[], ttlMs: number) {
    this.#hosts = hosts;
    this.#serverFaults = serverFaults;
    this.#ttlMs = ttlMs;
  }

  /** Returns when `durationMs` is over and every fault has been undone. */
  async rage(durationMs: number): Promise<void> {
    const endMs = performance.now() + durationMs;
    for (let round = 0; performance.now() < endMs; round++) {
      if (round % 6 === 5) await this.#troubleServers();
      else this.#troubleHost(round);
      await sleep(this.#ttlMs * (0.2 + 0.3 * Math.random()));
    }
    await Promise.all(this.#running);
  }

  #troubleHost(round: number): void {
    const idle = this.#hosts.filter((host) => host.trouble === null);
    const holders = idle.filter((host) => isHolding(host, this.#ttlMs));
    const host = pick(holders.length > 0 && Math.random() < 0.8 ? holders : idle);
    if (host === undefined) return;
    const faults = ['stop', 'cut', 'kill', 'block', 'cut and stop'] as const;
    const fault = faults[round % faults.length]!;
    this.#count(holders.includes(host) ? `${fault} (holder)` : fault);
    const run = this.#run(host, fault).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #run(host: Host, fault: string): Promise<void> {
    host.trouble = fault;
    const forMs = this.#ttlMs * (1.1 + 0.5 * Math.random());
    if (fault.includes('cut')) host.network.cut();
    if (fault.includes('stop')) host.signal('SIGSTOP');
    if (fault === 'block') host.block(forMs);
    if (fault === 'kill') await host.kill();
    else await sleep(forMs);
    // The process runs again before its network does.
    if (fault.includes('stop')) host.signal('SIGCONT');
    if (fault === 'kill') host.start();
    host.network.heal();
    host.trouble = null;
  }

  async #troubleServers(): Promise<void> {
    const [name, run] = this.#serverFaults[this.#serverTroubles++ % this.#serverFaults.length]!;
    this.#count(name);
    await run();
  }

  #count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
}

/** Its log ends with a read that is younger than the time to live. */
function isHolding(host: Host, ttlMs: number): boolean {
  try {
    const [kind, , , atMs] = readFileSync(host.log, 'utf8').trimEnd().split('\n').at(-1)!.split(' ');
    return kind === 'held' && Number(atMs) > bootNowMs() - ttlMs / 5;
  } catch {
    return false;
  }
}

/** Coarse, and only for choosing a victim. */
function bootNowMs(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
}

function pick<T>(from: readonly T[]): T | undefined {
  return from[Math.floor(Math.random() * from.length)];
}
