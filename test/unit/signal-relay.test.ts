import { afterEach, expect, test } from 'vitest';
import { SignalRelay } from '../../src/cli/signal-relay.js';

const exitCode = process.exitCode;
afterEach(() => {
  process.exitCode = exitCode;
});

// Windows reports Ctrl+Break as SIGBREAK, whether a user presses it or a supervisor sends it to a
// process group. This test emits the event SIGBREAK on any system.
test('Ctrl+Break ends the wait for a lock, and the command exits with 128 + the number of the signal', async () => {
  const signals = new SignalRelay();
  const ended = signals.endedBy(
    () => new Promise((_, reject) => signals.interrupted.addEventListener('abort', () => reject(new Error('aborted')))),
  );
  process.emit('SIGBREAK', 'SIGBREAK');
  expect(await ended).toEqual({ signal: 'SIGBREAK' });
  signals.exitAs(await ended);
  expect(process.exitCode).toBe(149);
  expect(process.listenerCount('SIGBREAK')).toBe(0);
});
