import { afterEach, expect, test } from 'vitest';
import { SignalRelay } from '../../src/cli/signal-relay.js';

const exitCode = process.exitCode;
afterEach(() => {
  process.exitCode = exitCode;
});

// Windows sends SIGBREAK for Ctrl+Break, and a supervisor sends it to a group of processes; elsewhere only a test emits it.
test('Ctrl+Break ends a wait, and the command with the exit code of that signal', async () => {
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
