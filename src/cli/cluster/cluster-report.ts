// The cluster lock in the output of `status` and `doctor`.
import type { ClusterEngine, ClusterFinding, ClusterLockProbe } from '../../cluster/index.js';
import type { GatewayFlags } from '../gateway-flags.js';
import { type ClusterFlags, clusterName, readEngine } from './cluster-flags.js';

export interface ClusterReport {
  readonly name: string;
  readonly target: string;
  readonly state: ClusterLockProbe['state'];
  readonly owner: unknown;
  /** In digits: JSON has no integers of 64 bits. */
  readonly token: string | null;
  readonly cause: { readonly code: string; readonly message: string } | null;
}

export async function readClusterReport(flags: ClusterFlags & GatewayFlags): Promise<ClusterReport | null> {
  if (flags.cluster === undefined) return null;
  const engine = await readEngine(flags.cluster);
  const name = clusterName(flags);
  return reportOf(engine, name, await engine.probe(name));
}

function reportOf({ target }: ClusterEngine, name: string, probe: ClusterLockProbe): ClusterReport {
  const free = { name, target, state: probe.state, owner: null, token: null, cause: null };
  if (probe.state === 'held') return { ...free, owner: probe.owner, token: probe.token?.toString() ?? null };
  if (probe.state === 'free') return free;
  const { code = 'ERR_CLUSTER_UNAVAILABLE', message } = probe.error as NodeJS.ErrnoException;
  return { ...free, cause: { code, message } };
}

export function clusterLine(report: ClusterReport): string {
  const { name, target, state, token, cause } = report;
  const owner = report.owner as { pid?: number; host?: string } | null;
  const by = owner === null ? 'another program' : `pid ${owner.pid} on host ${owner.host}`;
  const text = { free: 'free', held: `held by ${by}, token ${token}`, unreachable: `unreachable: ${cause?.message}` };
  return `cluster lock ${name} on ${target}: ${text[state]}`;
}

export async function readClusterFindings(
  flags: ClusterFlags & GatewayFlags & { readonly ttl?: number },
): Promise<readonly ClusterFinding[]> {
  if (flags.cluster === undefined) return [];
  return (await readEngine(flags.cluster)).inspect(clusterName(flags), flags.ttl);
}
