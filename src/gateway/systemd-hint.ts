// The hint for a port on which systemd listens for a socket unit.
import type { Endpoint } from '../endpoint.js';
import { findSocketUnit, isSystemd } from '../native/socket-units.js';
import { printable } from '../printable.js';

/**
 * Returns what to do if systemd listens on the port, or has passed the socket to this process.
 * Returns null in any other case. `listenerPid` is the process that listens, or null if the system
 * hides it.
 */
export function systemdHint(endpoint: Endpoint, listenerPid: number | null): string | null {
  if (listenerPid === process.pid) return isActivated(process.env) ? passedSocketHint(endpoint) : null;
  const unit = findSocketUnit(endpoint, listenerPid);
  if (unit !== null) {
    const { name, service, systemctl } = unit;
    return `systemd listens on that port for ${name}. Start the gateway through systemd (${systemctl} start ${service}), or stop the socket unit (${systemctl} stop ${name}).`;
  }
  if (listenerPid === null || !isSystemd(listenerPid)) return null;
  return 'systemd listens on that port for a socket unit. Find the unit (systemctl list-sockets --all), and stop it (systemctl stop NAME.socket).';
}

/** Returns the value of ListenStream for which the gateway adopts the socket of a socket unit. */
export function listenStream({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function isActivated(env: NodeJS.ProcessEnv): boolean {
  return env['LISTEN_PID'] === String(process.pid);
}

function passedSocketHint(endpoint: Endpoint): string {
  const unit = process.env['LISTEN_FDNAMES'] || 'the socket unit';
  return `systemd has passed a socket on that port to this process, but the gateway adopts only a socket that listens on exactly its own host and port. Set ListenStream=${listenStream(endpoint)} in ${printable(unit)}, or remove the socket unit.`;
}
