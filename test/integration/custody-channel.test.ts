// Tests the predecessor's end of the custody channel.
import { readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { beforeEach, expect, test } from 'vitest';
import { CustodyChannel } from '../../src/gateway/upgrade/custody-channel.js';
import { need } from '../support/capabilities.js';
import { until } from '../support/until.js';

const byte = Buffer.alloc(1);

beforeEach((ctx) => need(ctx, process.platform === 'win32' ? 'Windows has no custody channel' : null));

test('commit() ends the channel at once, and later reports are still read', async () => {
  const lines: string[] = [];
  const channel = new CustodyChannel((line) => lines.push(line));
  // Makes reads fail instead of block.
  const end = new Socket({ fd: channel.successorEnd });
  expect(readSync(channel.successorEnd, byte)).toBe(1);
  expect(byte.toString()).toBe('a');
  channel.commit();
  expect(readSync(channel.successorEnd, byte)).toBe(0);
  writeSync(channel.successorEnd, 'ready\n');
  await until(() => lines.length > 0, 'the report');
  expect(lines).toEqual(['ready']);
  end.destroy();
  await channel.ended;
  channel.close();
});

test('commit() after close() does not end the socket that has the descriptor now', async () => {
  const channel = new CustodyChannel(() => {});
  channel.close();
  const next = new CustodyChannel(() => {});
  const end = new Socket({ fd: next.successorEnd });
  channel.commit();
  expect(readSync(next.successorEnd, byte)).toBe(1);
  expect(() => readSync(next.successorEnd, byte)).toThrow('EAGAIN');
  channel.closeSuccessorEnd();
  end.destroy();
  await Promise.all([channel.ended, next.ended]);
  next.close();
});
