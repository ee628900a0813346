// Checks an etcd cluster, for `status` and `doctor`.
import { boundedCall } from '../../bounded-call.js';
import type { ClusterFinding } from '../../driver.js';
import { Endpoints } from './channel.js';
import { EtcdClient } from './client.js';
import { queueRequest } from './messages.js';
import type { EtcdEngineOptions } from './options.js';

/**
 * How long to wait for one member, in milliseconds: a third of a request's time limit with the
 * default time to live, so that a silent member does not abort the other checks.
 */
const MEMBER_MS = 1000;

interface Member {
  readonly url: string;
  readonly version: string | null;
  readonly leader: bigint;
  readonly error: Error | null;
}

export async function inspectEtcd(
  options: EtcdEngineOptions,
  urls: readonly string[],
  prefix: string,
  signal: AbortSignal,
): Promise<readonly ClusterFinding[]> {
  const members = await Promise.all(urls.map((url) => memberStatus(options, url, signal)));
  const findings = [...members.map(memberFinding), quorumFinding(members)];
  const reachable = members.filter(({ version }) => version !== null).map(({ url }) => url);
  return reachable.length === 0 ? findings : [...findings, await rightsFinding(options, reachable, prefix, signal)];
}

async function memberStatus(options: EtcdEngineOptions, url: string, signal: AbortSignal): Promise<Member> {
  const client = new EtcdClient(new Endpoints([url]), options.tls, options.auth);
  try {
    return { url, ...(await boundedCall((bounded) => client.status(bounded), MEMBER_MS, signal)), error: null };
  } catch (error) {
    return { url, version: null, leader: 0n, error: error as Error };
  } finally {
    client.destroy();
  }
}

function memberFinding({ url, version, error }: Member): ClusterFinding {
  if (version === null) return { level: 'warning', subject: url, message: `did not respond: ${error?.message}` };
  const advice = versionAdvice(version);
  return { level: advice === null ? 'ok' : 'warning', subject: url, message: `etcd ${version}${advice ?? ''}` };
}

/**
 * Returns advice if the version is too old or has etcd issue 15247, and null otherwise. In issue
 * 15247, a leader that was paused revokes live leases; pull request 16822 fixed it in 3.4.29 and
 * 3.5.11.
 */
function versionAdvice(version: string): string | null {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  if (major < 3 || (major === 3 && minor < 4)) return ' is older than 3.4. Upgrade etcd';
  const fixed = major > 3 || minor > 5 || patch >= (minor === 4 ? 29 : 11);
  return fixed
    ? null
    : ': a leader that was paused can revoke live leases (etcd issue 15247). Upgrade to 3.5.11 or later';
}

function quorumFinding(members: readonly Member[]): ClusterFinding {
  const leaders = new Set(members.filter(({ leader }) => leader !== 0n).map(({ leader }) => leader));
  if (leaders.size === 1) return { level: 'ok', subject: 'quorum', message: 'the members agree on a leader' };
  const message = leaders.size === 0 ? 'no member has a leader' : 'the members report different leaders';
  return { level: 'problem', subject: 'quorum', message };
}

async function rightsFinding(
  options: EtcdEngineOptions,
  urls: readonly string[],
  prefix: string,
  signal: AbortSignal,
): Promise<ClusterFinding> {
  const client = new EtcdClient(new Endpoints(urls), options.tls, options.auth);
  try {
    await client.range(queueRequest(prefix), signal);
    return { level: 'ok', subject: 'rights', message: `keys below ${prefix} can be read` };
  } catch (error) {
    return {
      level: 'problem',
      subject: 'rights',
      message: `keys below ${prefix} cannot be read: ${(error as Error).message}`,
    };
  } finally {
    client.destroy();
  }
}
