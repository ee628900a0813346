// Reads which sockets systemd has passed to this process (man 3 sd_listen_fds), and adopts the one of
// the gateway.
import { adoptSockets } from '../../bind/adopt-sockets.js';
import type { BoundListener } from '../../bind/bound-listener.js';
import type { Env } from '../app-environment.js';
import type { GatewayRequest } from '../gateway-options.js';
import { INHERITED_VARIABLE } from './variable.js';

/** The first descriptor that a service manager passes, SD_LISTEN_FDS_START. */
const FIRST_DESCRIPTOR = 3;

/** The most descriptors that a service manager is expected to pass. */
const MAX_DESCRIPTORS = 1024;

/** A socket with the name that LISTEN_FDNAMES gives it. */
export interface ActivationSocket {
  readonly fd: number;
  readonly name: string;
}

/**
 * The descriptors that the variables named when a gateway first used them. They stay open, because
 * the service manager keeps its sockets open too, and this process may close the gateway and start
 * it again.
 */
let activated: readonly number[] = [];

/**
 * Adopts the socket with the request's host and port from those that a service manager has passed
 * to this process. Returns null, and leaves the variables to the program, if there is no such
 * socket.
 */
export function adoptActivatedSocket(request: Pick<GatewayRequest, 'host' | 'port' | 'backlog'>): BoundListener | null {
  if (process.env[INHERITED_VARIABLE] !== undefined) return null;
  const descriptors = activated.length > 0 ? activated : activationOf(process.env, process.pid).map(({ fd }) => fd);
  const adopted = descriptors.length === 0 ? null : adoptSockets({ descriptors, copy: true }, request);
  if (adopted === null) return null;
  activated = descriptors;
  // The variables stay if the program uses other sockets of the unit.
  if (adopted.count === descriptors.length) forgetActivation();
  return adopted.listener;
}

/** Removes the variables, so that no other code in this process accepts on the same socket. */
export function forgetActivation(): void {
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete process.env[name];
}

/**
 * Returns the sockets that systemd has passed to this process. Empty if they are meant for another
 * process. @internal
 */
export function activationOf(env: Env, pid: number): readonly ActivationSocket[] {
  const count = Number(env['LISTEN_FDS']);
  if (env['LISTEN_PID'] !== String(pid) || !Number.isInteger(count) || count < 1 || count > MAX_DESCRIPTORS) return [];
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':');
  return Array.from({ length: count }, (_, index) => {
    return { fd: FIRST_DESCRIPTOR + index, name: names[index] || 'unknown' };
  });
}
