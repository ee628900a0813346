// How the keeper describes the end of a program.
import { durationText } from '../../../clock.js';
import type { ChildEnd } from '../../signal-relay.js';
import type { KeptReason } from './keeper.js';

export function endText({ code, signal }: ChildEnd): string {
  return signal === undefined ? `with exit code ${code}` : `by ${signal}`;
}

/** Says why the new program does not serve, and what to do. */
export function keptText(pid: number, reason: KeptReason, end: ChildEnd, timeoutMs: number): string {
  if (pid === 0) return 'the new program could not be started; the old program keeps running';
  const program = `the new program (pid ${pid})`;
  const kept = 'the old program keeps running';
  if (reason === 'exited') return `${program} ended ${endText(end)} before it served; ${kept}`;
  if (reason === 'not-adopted') return `${program} did not adopt the lock or the socket; ${kept}`;
  return (
    `${program} was not ready within ${durationText(timeoutMs)}; ${kept}. ` +
    'A program is ready when it sends READY=1 to NOTIFY_SOCKET, calls ready() or answers HTTP requests'
  );
}
