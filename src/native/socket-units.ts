// Finds the systemd socket unit that listens on a port (man 5 systemd.socket).
import { existsSync, readFileSync } from 'node:fs';
import { addressesOf, type Endpoint } from '../endpoint.js';
import { loadChildProcess } from './builtins.js';
import { commandText } from './shell-commands.js';

/** A socket unit of systemd. */
export interface SocketUnit {
  readonly name: string;
  /** The service that the unit starts. */
  readonly service: string;
  /** `systemctl`, or `systemctl --user` for a unit of the user's own systemd. */
  readonly systemctl: string;
}

/** Milliseconds until the search for a unit ends without a result. */
const SYSTEMCTL_TIMEOUT_MS = 1000;

/**
 * Returns the socket unit that listens on the endpoint. `listenerPid` is the process that listens,
 * or null if the system hides it, as it hides systemd from users other than root. Returns null if
 * the process is not systemd, or if systemd does not name the unit. Runs systemctl, which blocks the
 * thread for some milliseconds.
 */
export function findSocketUnit(endpoint: Endpoint, listenerPid: number | null): SocketUnit | null {
  if (!isBooted() || !(listenerPid === null || isSystemd(listenerPid))) return null;
  const managers = listenerPid === 1 ? [[]] : listenerPid === null ? [[], ['--user']] : [['--user']];
  for (const options of managers) {
    const unit = unitOn(endpoint, options);
    if (unit !== null) return unit;
  }
  return null;
}

/** Returns true if systemd runs this machine or container (man 3 sd_booted). */
function isBooted(): boolean {
  return process.platform === 'linux' && existsSync('/run/systemd/system');
}

/** Returns true for the systemd of the machine or of a user. */
export function isSystemd(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'systemd\n';
  } catch {
    return false;
  }
}

function unitOn({ host, port }: Endpoint, options: readonly string[]): SocketUnit | null {
  const addresses = [...addressesOf(host), '0.0.0.0', '::', '*'];
  const isOurs = (listen: string) =>
    addresses.some((address) => [`${address}:${port}`, `[${address}]:${port}`].includes(listen));
  for (const line of listSockets(options)) {
    const [listen, name, service] = line.trim().split(/\s+/);
    if (name !== undefined && isOurs(listen!)) {
      return { name, service: service ?? '', systemctl: commandText(['systemctl', ...options]) };
    }
  }
  return null;
}

/** Returns lines such as `127.0.0.1:18789 gateway.socket gateway.service`; none if systemctl fails. */
function listSockets(options: readonly string[]): string[] {
  const args = [...options, 'list-sockets', '--all', '--full', '--plain', '--no-legend', '--no-pager'];
  const { status, stdout } = loadChildProcess().spawnSync('systemctl', args, {
    encoding: 'utf8',
    timeout: SYSTEMCTL_TIMEOUT_MS,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout.split('\n') : [];
}
