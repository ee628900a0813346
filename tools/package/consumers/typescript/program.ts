// Uses the types as strict programs do.
import {
  acquireGatewayLock,
  eventChannel,
  type GatewayLock,
  type LockProbe,
  probeLock,
  tryAcquireLock,
  withLock,
} from 'gateway-lock';
import { type ClusterEngine, etcdEngine } from 'gateway-lock/cluster';
import { acquireLock, type FileLock } from 'gateway-lock/lock';

export async function start(signal: AbortSignal | undefined): Promise<GatewayLock> {
  const engine: ClusterEngine = etcdEngine({ endpoints: ['https://etcd.example:2379'] });
  return acquireGatewayLock({ signal, cluster: { engine, name: 'chat' }, stateDir: new URL('file:///state') });
}

export function describe(probe: LockProbe = probeLock(Buffer.from('job.lock'))): string {
  if (probe.state === 'leftover') return `pid ${probe.owner.pid}`;
  return probe.state === 'held' ? probe.heldBy : probe.state;
}

export const first: Promise<FileLock> = acquireLock('job.lock', { timeoutMs: 0 });
export const count: Promise<number> = withLock('job.lock', { timeoutMs: 1 }, (lock) => lock.fd);
eventChannel('gateway-lock:acquire').subscribe(({ path, mode }) => console.log(path.length, mode === 'shared'));
// @ts-expect-error The option is misspelled.
tryAcquireLock('job.lock', { keepfile: false });
// @ts-expect-error A free lock has no owner.
export const owner = (probe: LockProbe) => (probe.state === 'free' ? probe.owner.pid : 0);
