// Writes a gateway's endpoint to its owner records.
import type { FileLock } from '../lock/internal.js';
import { lockFailedError } from './gateway-error.js';
import type { GatewayRequest } from './gateway-options.js';

/** Step 13 of docs/protocol.md. An adopted lock's record is written later, by the takeover. */
export function recordEndpoint(
  locks: readonly FileLock[],
  request: Pick<GatewayRequest, 'host' | 'port' | 'paths' | 'bind'>,
): void {
  if (!request.bind) return;
  for (const lock of locks) {
    try {
      lock.nameListener(request.host, request.port);
    } catch (error) {
      throw lockFailedError(request, lock.path, error);
    }
  }
}
