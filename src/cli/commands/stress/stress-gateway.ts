// Starts a gateway in the directory of a stress run.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { acquireGatewayLock, type GatewayLock } from '../../../index.js';
import { BIND_PAUSE_MS } from './worker-plan.js';

const TIMEOUT_MS = 60_000;

/** Waits for the locks and the port. Adopts them if this process is a successor. */
export async function startGateway(directory: string, port: number): Promise<GatewayLock> {
  const options = { stateDir: join(directory, 'state'), lockDir: join(directory, 'locks'), port };
  for (;;) {
    try {
      return await acquireGatewayLock({ ...options, timeoutMs: TIMEOUT_MS, whenListening: 'wait' });
    } catch (error) {
      // The previous gateway is still exiting and uses the port.
      if (!String((error as NodeJS.ErrnoException).code).startsWith('ERR_GATEWAY_PORT')) throw error;
      await sleep(BIND_PAUSE_MS);
    }
  }
}
