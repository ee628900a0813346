// Runs one history against real servers and prints its verdict as JSON.
// Usage: main.mjs KIND SECONDS ROOT [MODULE]
//
// In a separate network namespace (HISTORY_NAMESPACE=1), cuts hosts off with iptables, otherwise
// with dropping proxies.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { EtcdServers } from '../etcd-servers.js';
import { PostgresServer } from '../postgres-servers.js';
import { memoryDirectory, removeDirectory } from '../server-process.js';
import { FencedResource } from './fenced-resource.js';
import { Host, iptablesNetwork, proxyNetwork } from './hosts.js';
import { Nemesis, type ServerFault } from './nemesis.js';
import { type HeldRead, judge } from './oracle.js';

const TTL_MS = 5000;
const HOSTS = 6;
const LOCKS = ['alpha', 'beta', 'gamma'];

interface Servers {
  readonly ports: readonly number[];
  readonly faults: readonly ServerFault[];
  stop(): Promise<void>;
}

const [kind, seconds, root, module = join(root!, 'dist/cluster/index.js')] = process.argv.slice(2);
const isolated = process.env['HISTORY_NAMESPACE'] === '1';
// In the namespace, each host reaches the servers through a separate address.
const listenOn = isolated ? '0.0.0.0' : '127.0.0.1';
if (isolated) execFileSync('ip', ['link', 'set', 'lo', 'up']);
const servers = await (kind === 'etcd' ? startEtcd() : startPostgres());
const resource = await FencedResource.start();
const directory = memoryDirectory();
const hosts = await Promise.all(Array.from({ length: HOSTS }, (_, index) => makeHost(index)));
for (const host of hosts) host.start();
const nemesis = new Nemesis(hosts, servers.faults, TTL_MS);
await nemesis.run(Number(seconds) * 1000);
await sleep(TTL_MS);
await Promise.all(hosts.map((host) => host.kill()));
for (const host of hosts) host.network.close();
resource.close();
await servers.stop();
report();
removeDirectory(directory);
process.exit(0);

async function makeHost(index: number): Promise<Host> {
  const network = await (isolated ? iptablesNetwork(servers.ports, index) : proxyNetwork(servers.ports));
  return new Host(network, join(import.meta.dirname, 'worker.mjs'), join(directory, `host-${index}`), (log) => ({
    module: pathToFileURL(module).href,
    addon: join(root!, 'build/Release/gateway_lock.node'),
    kind: kind as 'etcd' | 'postgres',
    servers: network.servers,
    locks: LOCKS,
    ttlMs: TTL_MS,
    resourcePort: resource.port,
    log,
  }));
}

async function startEtcd(): Promise<Servers> {
  const etcd = await EtcdServers.start(3, undefined, [], listenOn);
  const outage = async (indexes: readonly number[]) => {
    await Promise.all(indexes.map((index) => etcd.kill(index)));
    await sleep(TTL_MS * (0.3 + Math.random()));
    for (const index of indexes) etcd.restart(index);
    await sleep(2000);
  };
  return {
    ports: etcd.ports,
    faults: [
      ['leader killed', () => outage([Math.max(0, etcd.leader())])],
      ['quorum lost', () => outage([0, 1])],
    ],
    stop: () => etcd.stop(),
  };
}

async function startPostgres(): Promise<Servers> {
  const server = await PostgresServer.start(listenOn);
  const restart = async (signal: NodeJS.Signals) => {
    await server.stop(signal);
    await server.restart();
  };
  return {
    ports: [server.port],
    faults: [
      ['fast restart', () => restart('SIGINT')],
      ['immediate restart', () => restart('SIGQUIT')],
      ['server process crashed', () => server.crash()],
    ],
    stop: () => server.remove(),
  };
}

function report(): void {
  const lines = readdirSync(directory).flatMap((name) =>
    readFileSync(join(directory, name), 'utf8').trim().split('\n'),
  );
  const entries = lines.map((line) => line.split(' '));
  const reads = entries
    .filter(([what]) => what === 'held')
    .map(([, lock, token, atMs]): HeldRead => ({ lock: lock!, token: BigInt(token!), atMs: Number(atMs) }));
  const { doubles, ...verdict } = judge(reads);
  const losses = countBy(entries.filter(([what]) => what === 'lost').map(([, , code]) => code!));
  const errors = countBy(entries.filter(([what]) => what === 'error').map(([, ...code]) => code.join(' ')));
  const result = {
    ...verdict,
    reads: reads.length,
    doubles: doubles.map(({ older, newer, ...rest }) => ({ ...rest, older: String(older), newer: String(newer) })),
    fencedHolders: entries.filter(([what]) => what === 'fenced').length,
    crashes: entries.filter(([what]) => what === 'crash').map((fields) => fields.join(' ')),
    losses,
    errors,
    faults: nemesis.counts,
    writes: { accepted: resource.accepted, rejected: resource.rejected },
    partitions: isolated ? 'iptables' : 'dropping proxies',
  };
  console.log(JSON.stringify(result));
}

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
