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
  const passed = socketsPassedBy(process.env);
  if (listenerPid === process.pid) return passed === null ? null : passedSocketHint(endpoint, passed.join(', '));
  const unit = findSocketUnit(endpoint, listenerPid);
  if (unit !== null) {
    if (passed?.includes(unit.name)) return passedSocketHint(endpoint, unit.name);
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

/**
 * Returns the names of the sockets that systemd has passed to this process, which by default are
 * those of the socket units. Returns null if there are none.
 */
function socketsPassedBy({ LISTEN_PID, LISTEN_FDNAMES }: NodeJS.ProcessEnv): string[] | null {
  return LISTEN_PID === String(process.pid) ? (LISTEN_FDNAMES ?? 'the socket unit').split(':') : null;
}

function passedSocketHint(endpoint: Endpoint, unit: string): string {
  return `systemd has passed a socket on that port to this process, but the gateway adopts only a socket that listens on exactly its own host and port. Set ListenStream=${listenStream(endpoint)} in ${printable(unit)}, or remove the socket unit.`;
}
