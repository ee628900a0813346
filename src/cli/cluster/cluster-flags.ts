// The options that select a cluster lock. The engines are loaded only if --cluster is used.
import { type Command, Option } from 'commander';
import type { ClusterEngine } from '../../cluster/index.js';
import type { GatewayCluster } from '../../index.js';
import { DEFAULT_APP } from '../../internal.js';
import { type GatewayFlags, parseMilliseconds } from '../gateway-flags.js';

/** The parsed options. `ttl` is in milliseconds. */
export interface ClusterFlags {
  readonly cluster?: string;
  readonly clusterName?: string;
  readonly ttl?: number;
}

export function addClusterFlags(command: Command): Command {
  return command
    .option(
      '--cluster <url>',
      'servers of a lock for several hosts: etcd://HOST:PORT,... or postgres://HOST:PORT/DATABASE',
    )
    .option('--cluster-name <name>', 'name of the cluster lock (default: <app>, or <app>-<profile>)');
}

export function ttlFlag(): Option {
  return new Option(
    '--ttl <ms>',
    'time after which the cluster frees the lock of a dead host (default: 15000)',
  ).argParser(parseMilliseconds);
}

export async function readEngine(url: string): Promise<ClusterEngine> {
  const { clusterEngine } = await import('../../cluster/index.js');
  return clusterEngine(url);
}

export function clusterName({ app = DEFAULT_APP, profile, clusterName: name }: ClusterFlags & GatewayFlags): string {
  return name ?? (profile === undefined ? app : `${app}-${profile}`);
}

/** Returns the option `cluster` for acquireGatewayLock(), or undefined without --cluster. */
export async function gatewayCluster(
  flags: ClusterFlags & GatewayFlags,
  timeoutMs: number | undefined,
): Promise<GatewayCluster | undefined> {
  if (flags.cluster === undefined) return undefined;
  return {
    engine: await readEngine(flags.cluster),
    name: clusterName(flags),
    ...(flags.ttl === undefined ? {} : { ttlMs: flags.ttl }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}
