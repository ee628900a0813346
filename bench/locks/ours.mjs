import { acquireGatewayLock, acquireLock, probeLock, tryAcquireLock } from '../../dist/index.js';
import { mustBeRefused } from '../refused.mjs';

export const cycle = (path) => tryAcquireLock(path, { keepFile: false }).release();
export const cycleKept = (path) => tryAcquireLock(path).release();
export const cycleExisting = (path) => tryAcquireLock(path, { record: false }).release();
export const refused = (path) => mustBeRefused(tryAcquireLock(path));
export const probe = (path) => probeLock(path).ownerAlive === true;
export const hold = (path) => tryAcquireLock(path);
export const wait = (path) => acquireLock(path, { timeoutMs: Number.POSITIVE_INFINITY });
export const release = (lock) => lock.release();
export const gateway = async (stateDir, port) => (await acquireGatewayLock({ stateDir, port })).close();
export const holdGateway = (stateDir, port) => acquireGatewayLock({ stateDir, port });
/**
 * Starts a gateway, which must be refused. Environment variables set the state directory and port.
 */
export const start = () =>
  acquireGatewayLock().then(mustBeRefused, (error) => {
    if (error.code !== 'ERR_GATEWAY_PORT_IN_USE') throw error;
  });
