// Gateways derive further ports from their base port: bases that are close together meet there.
import { type ListedLock, listLocks } from '../../../index.js';
import { ok, type Report, type Subject, warning } from './finding.js';

export const LEAST_DISTANCE = 20;

interface Base {
  readonly pid: number | null;
  readonly port: number;
}

export async function checkBasePorts({ app, locks, paths }: Subject): Promise<Report[]> {
  // Also those of the other profiles.
  const running = distinct([...locks, ...(await listLocks({ app }))].flatMap(baseOf));
  // The one that would be started, unless it is among those that run.
  const ours = paths.lockPaths.some((path) => locks.some((lock) => lock.path === path && lock.state === 'held'));
  const planned = ours || paths.port === 0 ? [] : [{ pid: null, port: paths.port }];
  const reports = closePairs([...running, ...planned]).map(tooClose);
  return reports.length > 0 ? reports : [ok(`no two gateways closer than ${LEAST_DISTANCE} ports`)];
}

function baseOf({ state, owner, port }: ListedLock): Base[] {
  return state === 'held' && port !== null ? [{ pid: owner?.pid ?? null, port }] : [];
}

function distinct(bases: readonly Base[]): Base[] {
  return bases.filter(
    (base, index) => bases.findIndex(({ pid, port }) => pid === base.pid && port === base.port) === index,
  );
}

function closePairs(bases: readonly Base[]): (readonly [Base, Base])[] {
  return bases.flatMap((one, index) =>
    bases
      .slice(index + 1)
      // The same port is what the check of the port reports.
      .filter(({ port }) => port !== one.port && Math.abs(port - one.port) < LEAST_DISTANCE)
      .map((other) => [one, other] as const),
  );
}

function tooClose([one, other]: readonly [Base, Base]): Report {
  const who = ({ pid, port }: Base) => (pid === null ? `this gateway (port ${port})` : `pid ${pid} (port ${port})`);
  return warning(
    `${who(one)} and ${who(other)} have base ports closer than ${LEAST_DISTANCE}`,
    `Give one of them another port, ${LEAST_DISTANCE} away: the ports that gateways derive from it would meet`,
  );
}
