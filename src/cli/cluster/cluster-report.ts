// Describes the cluster lock in the output of `status` and `doctor`.
import type { ClusterEngine, ClusterLockProbe } from '../../cluster/index.js';
import type { GatewayFlags } from '../gateway-flags.js';
import { type ClusterFlags, clusterName, readEngine } from './cluster-flags.js';

/** The field `cluster` in the JSON output of `status`. */
export interface ClusterReport {
  readonly name: string;
  readonly target: string;
  readonly state: ClusterLockProbe['state'];
  readonly owner: unknown;
  /** The fencing token in decimal digits, because JSON has no 64-bit integers. */
  readonly token: string | null;
  readonly cause: { readonly code: string; readonly message: string } | null;
  /** The results of the cluster checks, which `doctor` also runs. */
  readonly facts: readonly ClusterFact[];
}

/** The result of one check of the cluster. */
export interface ClusterFact {
  readonly level: 'ok' | 'warning' | 'error';
  /** The subject of the check, for example `quorum`, `round trip`, or the URL of a server. */
  readonly subject: string;
  readonly message: string;
}

/** Reads the state of the lock and checks the cluster. Returns null without --cluster. */
export async function readClusterReport(flags: ClusterFlags & GatewayFlags): Promise<ClusterReport | null> {
  if (flags.cluster === undefined) return null;
  const engine = await readEngine(flags.cluster);
  const name = clusterName(flags);
  const [probe, facts] = await Promise.all([engine.probe(name), readFacts(engine, name, flags.ttl)]);
  return { ...reportOf(engine, name, probe), facts };
}

/** Checks the cluster. Returns an empty array without --cluster. */
export async function readClusterFacts(flags: ClusterFlags & GatewayFlags): Promise<readonly ClusterFact[]> {
  return flags.cluster === undefined ? [] : readFacts(await readEngine(flags.cluster), clusterName(flags), flags.ttl);
}

async function readFacts(engine: ClusterEngine, name: string, ttlMs?: number): Promise<readonly ClusterFact[]> {
  const findings = await engine.inspect(name, ttlMs);
  return findings.map(({ level, ...rest }) => ({ level: level === 'problem' ? 'error' : level, ...rest }));
}

function reportOf({ target }: ClusterEngine, name: string, probe: ClusterLockProbe): Omit<ClusterReport, 'facts'> {
  const free = { name, target, state: probe.state, owner: null, token: null, cause: null };
  if (probe.state === 'held') return { ...free, owner: probe.owner, token: probe.token?.toString() ?? null };
  if (probe.state === 'free') return free;
  const { code = 'ERR_CLUSTER_UNAVAILABLE', message } = probe.error as NodeJS.ErrnoException;
  return { ...free, cause: { code, message } };
}

/**
 * Returns one line for the lock, one for the errors and warnings (if any), and one for the checks
 * that passed (if any).
 */
export function clusterLines(report: ClusterReport): readonly string[] {
  // If no server responds, the lock's line already contains the error.
  const facts = report.facts.filter(({ message }) => message !== report.cause?.message);
  const grouped = (level: ClusterFact['level']) => groupedFacts(facts.filter((fact) => fact.level === level));
  const attention = [...grouped('error'), ...grouped('warning')];
  const fine = grouped('ok');
  return [
    lockLine(report),
    ...(attention.length === 0 ? [] : [`cluster needs attention: ${attention.join('; ')}`]),
    ...(fine.length === 0 ? [] : [`cluster checks: ${fine.join('; ')}`]),
  ];
}

/** Merges facts that have the same message. */
function groupedFacts(facts: readonly ClusterFact[]): readonly string[] {
  const messages = [...new Set(facts.map(({ message }) => message))];
  return messages.map((message) => {
    const subjects = facts.filter((fact) => fact.message === message).map(({ subject }) => subject);
    return `${subjects.join(', ')}: ${message}`;
  });
}

function lockLine(report: ClusterReport): string {
  const { name, target, state, token, cause } = report;
  const owner = report.owner as { pid?: number; host?: string } | null;
  const by = owner === null ? 'another program' : `pid ${owner.pid} on host ${owner.host}`;
  const text = { free: 'free', held: `held by ${by}, token ${token}`, unreachable: `unreachable: ${cause?.message}` };
  return `cluster lock ${name} on ${target}: ${text[state]}`;
}
