import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { Actor } from '../support/actors.js';

/**
 * A fake child process: it sends only the messages, and ends only at the moment, that a test
 * chooses.
 */
const silentChild = () => Object.assign(new EventEmitter(), { pid: 1, connected: true, send: () => true });

test("an actor's call returns the answer that arrived before the process ended, even if the end is reported first", async () => {
  const child = silentChild();
  const answer = new Actor(child as unknown as ChildProcess).call('exit', 78);
  child.emit('exit', 78, null);
  await new Promise((resolve) => setImmediate(resolve));
  child.emit('message', { id: 1, value: 'said' });
  expect(await answer).toBe('said');
});

test("an actor's call rejects with the signal or exit code if the process ends before it answers", async () => {
  const child = silentChild();
  const answer = new Actor(child as unknown as ChildProcess).call('exit', 78);
  child.emit('exit', null, 'SIGKILL');
  child.emit('disconnect');
  await expect(answer).rejects.toThrow('actor 1 ended (SIGKILL) before it answered');
});
