import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { Actor } from '../support/actors.js';

/** A child that sends nothing and ends when the test says so. */
const silentChild = () => Object.assign(new EventEmitter(), { pid: 1, connected: true, send: () => true });

test('an answer that an actor sent before it ended counts, also if the end is reported first', async () => {
  const child = silentChild();
  const answer = new Actor(child as unknown as ChildProcess).call('exit', 78);
  child.emit('exit', 78, null);
  await new Promise((resolve) => setImmediate(resolve));
  child.emit('message', { id: 1, value: 'said' });
  expect(await answer).toBe('said');
});

test('a call rejects with the signal or exit code if the actor ends before it answers', async () => {
  const child = silentChild();
  const answer = new Actor(child as unknown as ChildProcess).call('exit', 78);
  child.emit('exit', null, 'SIGKILL');
  child.emit('disconnect');
  await expect(answer).rejects.toThrow('actor 1 ended (SIGKILL) before it answered');
});
