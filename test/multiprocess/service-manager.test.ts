// What a gateway tells the service manager that started it, through the socket in NOTIFY_SOCKET.
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { native } from '../../src/native/load.js';
import { startActor } from '../support/actors.js';
import { need, whyNoInheritance } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { type Passed, startPredecessor, startSuccessor } from '../support/predecessor.js';
import { until } from '../support/until.js';

beforeEach((ctx) => need(ctx, whyNoInheritance));

/** A service manager's socket, and the states that it has received. */
function openManager() {
  const path = join(freshDirectory(), 'notify');
  const socket = native().openNotifySocket(path);
  onTestFinished(() => native().closeNotifySocket(socket));
  const states: string[] = [];
  const read = () => {
    for (let state = native().readNotification(socket); state !== null; state = native().readNotification(socket)) {
      states.push(state);
    }
    return states;
  };
  return { env: { NOTIFY_SOCKET: path }, read };
}

const freshOptions = () => ({ stateDir: freshDirectory(), port: 0, env: {} });
const readyOf = (pid: number) => `READY=1\nMAINPID=${pid}`;

describe('a gateway without a predecessor', () => {
  test('a gateway reports once that it is ready, and that it is stopping', async () => {
    const manager = openManager();
    const actor = await startActor({ env: { ...process.env, ...manager.env } });
    await actor.call('gateway', freshOptions());
    expect(manager.read()).toEqual([]);
    await actor.call('serve');
    await actor.call('ready');
    await actor.call('ready');
    expect(manager.read()).toEqual([readyOf(actor.pid)]);
    await actor.call('close');
    await actor.call('close');
    expect(manager.read()).toEqual([readyOf(actor.pid), 'STOPPING=1']);
    await expect(actor.call('ready')).rejects.toMatchObject({ code: 'ERR_INVALID_STATE' });
  });

  test('a gateway that never called ready() reports nothing, because its process may go on', async () => {
    const manager = openManager();
    const actor = await startActor({ env: { ...process.env, ...manager.env } });
    await actor.call('gateway', freshOptions());
    await actor.call('close');
    expect(manager.read()).toEqual([]);
  });

  test('a gateway that has handed its locks over or left them does not report that it is stopping', async () => {
    const manager = openManager();
    for (const end of ['handOverTo', 'leave']) {
      const actor = await startActor({ env: { ...process.env, ...manager.env } });
      await actor.call('gateway', freshOptions());
      await actor.call('ready');
      await actor.call(end, end === 'leave' ? {} : process.pid);
      await actor.call('close');
      expect(manager.read().splice(0)).toEqual([readyOf(actor.pid)]);
    }
  });

  test('a gateway is ready even if there is no service manager at the address', async () => {
    const actor = await startActor({ env: { ...process.env, NOTIFY_SOCKET: '/nonexistent/notify' } });
    await actor.call('gateway', freshOptions());
    await actor.call('ready');
    await until(
      () => actor.output.includes('the service manager was not told'),
      'the gateway warns about the service manager',
    );
    expect(actor.output).toContain('NOTIFY_SOCKET=/nonexistent/notify');
  });
});

describe('a gateway with a predecessor', () => {
  const startPrepared = async (passed: Passed) => {
    const manager = openManager();
    const options = freshOptions();
    const lock = await startPredecessor(options);
    const { successor, channel } = await startSuccessor(lock, { ...passed, env: manager.env });
    await successor.call('gateway', { ...options, port: lock.port });
    const ready = successor.call('ready');
    await channel.reported('ready');
    return { manager, lock, successor, channel, ready };
  };

  test('a successor reports to systemd once it owns the state', async () => {
    const { manager, lock, successor, channel, ready } = await startPrepared({ from: 'upgrade' });
    expect(manager.read()).toEqual([]);
    await lock.leave();
    channel.end();
    await ready;
    expect(manager.read()).toEqual([readyOf(successor.pid)]);
  });

  test('a program of gateway-lock run reports as soon as it is prepared', async () => {
    const { manager, successor, channel, ready } = await startPrepared({ from: 'run' });
    await until(() => manager.read().length > 0, 'the program reports');
    expect(manager.read()).toEqual([readyOf(successor.pid)]);
    channel.end();
    await ready;
    await successor.call('close');
    expect(manager.read()).toEqual([readyOf(successor.pid), 'STOPPING=1']);
  });
});
