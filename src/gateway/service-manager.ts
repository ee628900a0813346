// Tells the service manager that started this process (systemd, `gateway-lock run`) about the state
// of the gateway, as sd_notify(3) does.
import { native } from '../native/load.js';

/**
 * Sends the state to the socket in NOTIFY_SOCKET. Does nothing without that variable. A failure is
 * a process warning, because the gateway runs without a service manager too.
 */
export function notifyServiceManager(state: string): void {
  const socket = process.env['NOTIFY_SOCKET'];
  if (!socket) return;
  try {
    native().notify(socket, state);
  } catch (error) {
    const text = `the service manager was not told '${state}' (NOTIFY_SOCKET=${socket}): ${(error as Error).message}`;
    process.emitWarning(text, { type: 'LockWarning' });
  }
}

/** Tells the service manager that this process serves, and that it is the service's main process. */
export function notifyReady(): void {
  notifyServiceManager(`READY=1\nMAINPID=${process.pid}`);
}
