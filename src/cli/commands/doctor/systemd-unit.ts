// Finds problems in a systemd unit that starts a gateway (man 5 systemd.service, systemd.socket,
// systemd.syntax).
import type { Endpoint } from '../../../index.js';
import { listenStream } from '../../../internal.js';
import { error, type Report, warning } from './finding.js';

/** The values of each `Section.Key`, in file order. */
export type Unit = ReadonlyMap<string, readonly string[]>;

export function parseUnit(text: string): Unit {
  const unit = new Map<string, string[]>();
  let section = '';
  for (const line of text.replace(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const [, name] = /^\s*\[(.*)\]\s*$/.exec(line) ?? [];
    const [, key, value] = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined) section = name;
    else if (key !== undefined) add(unit, `${section}.${key}`, value!);
  }
  return unit;
}

/** Adds a value for a key. An empty assignment clears the previous values. */
function add(unit: Map<string, string[]>, key: string, value: string): void {
  if (value === '') unit.delete(key);
  else unit.set(key, [...(unit.get(key) ?? []), value]);
}

/** Returns true if the unit names `word` as a whole word. */
export function mentions(unit: Unit, word: string): boolean {
  const lines = ['Unit.Description', 'Service.ExecStart', 'Service.Environment'].flatMap((key) => unit.get(key) ?? []);
  const whole = new RegExp(`(^|[\\s/"'=.(])${word}($|[\\s/"'.)])`, 'i');
  return lines.some((line) => whole.test(line));
}

/**
 * Returns the problems of a service unit. `certain` is true if the unit starts a gateway with this
 * package; otherwise the unit may start another program.
 */
export function judgeService(name: string, unit: Unit, certain: boolean): Report[] {
  const value = (key: string) => unit.get(`Service.${key}`)?.at(-1);
  const restart = value('Restart') ?? 'no';
  const reports: Report[] = [];
  if (['always', 'on-failure'].includes(restart) && !endsWith78(unit, restart)) {
    const message = `${name}: Restart=${restart} without RestartPreventExitStatus=78: systemd restarts a duplicate forever`;
    reports.push(
      (certain ? error : warning)(
        message,
        'Add RestartPreventExitStatus=78 to the [Service] section of the unit, then run systemctl daemon-reload (add --user for a user unit)',
      ),
    );
  }
  if (restart !== 'no' && value('RestartSec') === undefined) {
    const message = `${name}: no RestartSec: with the default of 100 ms a failing program reaches the start limit within a second`;
    reports.push(warning(message, 'Add RestartSec=5 to the [Service] section of the unit'));
  }
  return [...reports, ...judgeKillMode(name, value('KillMode'))];
}

function endsWith78(unit: Unit, restart: string): boolean {
  const has78 = (key: string) =>
    (unit.get(`Service.${key}`) ?? []).some((line) => /(^|\s)(78|CONFIG)($|\s)/.test(line));
  return has78('RestartPreventExitStatus') || (restart === 'on-failure' && has78('SuccessExitStatus'));
}

function judgeKillMode(name: string, mode: string | undefined): Report[] {
  if (mode !== 'process' && mode !== 'none') return [];
  const message = `${name}: KillMode=${mode}: when the unit stops, the program of \`gateway-lock run\` keeps running and keeps the lock`;
  return [warning(message, 'Set KillMode=mixed in the [Service] section of the unit')];
}

/**
 * Returns the problem of a socket unit for the gateway's port. The gateway adopts the unit's socket
 * only if it listens on exactly the gateway's host and port, and otherwise finds its port in use.
 */
export function judgeSocket(name: string, unit: Unit, endpoint: Endpoint): Report[] {
  const listens = unit.get('Socket.ListenStream') ?? [];
  const wanted = listenStream(endpoint);
  const others = listens.filter((address) => isOnPort(address, endpoint.port) && address !== wanted);
  if (endpoint.port === 0 || others.length === 0) return [];
  const advice = `Set ListenStream=${wanted} in the unit, or disable it: systemctl disable --now ${name}`;
  return [error(`${name}: ListenStream=${others[0]} is not the address of the gateway, ${wanted}`, advice)];
}

function isOnPort(address: string, port: number): boolean {
  return address === String(port) || address.endsWith(`:${port}`);
}
