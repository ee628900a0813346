// Checks that gateways' base ports are not close together, because a gateway derives further ports
// from its base port.
import { type ListedLock, listLocks } from '../../../index.js';
import { ok, type Report, type Subject, warning } from './finding.js';

const MIN_DISTANCE = 20;

interface Base {
  readonly pid: number | null;
  readonly port: number;
}

export async function checkBasePorts({ app, locks, paths }: Subject): Promise<Report[]> {
  // listLocks() adds the gateways of other profiles.
  const running = distinct([...locks, ...(await listLocks({ app }))].flatMap(baseOf));
  // The gateway that the options describe, unless it is already running.
  const ours = paths.lockPaths.some((path) => locks.some((lock) => lock.path === path && lock.state === 'held'));
  const planned = ours || paths.port === 0 ? [] : [{ pid: null, port: paths.port }];
  const reports = closePairs([...running, ...planned]).map(tooClose);
  return reports.length > 0 ? reports : [ok(`all base ports are at least ${MIN_DISTANCE} apart`)];
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
      // The port check reports gateways on the same port.
      .filter(({ port }) => port !== one.port && Math.abs(port - one.port) < MIN_DISTANCE)
      .map((other) => [one, other] as const),
  );
}

function tooClose([one, other]: readonly [Base, Base]): Report {
  const name = ({ pid, port }: Base) => (pid === null ? `this gateway (port ${port})` : `pid ${pid} (port ${port})`);
  return warning(
    `the base ports of ${name(one)} and ${name(other)} are less than ${MIN_DISTANCE} apart`,
    `Choose base ports that are at least ${MIN_DISTANCE} apart: otherwise the ports derived from them could collide`,
  );
}
