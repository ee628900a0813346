// Upgrades of a gateway in this process. The successors are small programs that do not take over.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { acquireGatewayLock, type GatewayLock, type UpgradeOptions } from '../../src/index.js';
import { need, whyNoInheritance } from '../support/capabilities.js';
import { connected, fetched } from '../support/clients.js';
import { freshDirectory } from '../support/directories.js';
import { until } from '../support/until.js';

beforeEach((ctx) => need(ctx, whyNoInheritance));

async function startGateway(): Promise<GatewayLock> {
  const lock = await acquireGatewayLock({ stateDir: freshDirectory(), port: 0 });
  onTestFinished(() => lock.close({ graceMs: 0 }));
  await lock.listen(createServer((_, response) => response.end('served')));
  return lock;
}

const answer = ({ port }: GatewayLock) => fetched(request, { port });

/** Writes a program that runs `code` as a successor; `report(line)` sends a line to the predecessor. */
function successor(code: string): UpgradeOptions {
  const file = join(freshDirectory(), 'successor.mjs');
  const start = `import { writeSync } from 'node:fs';
    const { channel } = JSON.parse(process.env.GATEWAY_LOCK_INHERITED);
    const report = (line) => writeSync(channel, line + '\\n');
    setInterval(() => {}, 1000);
  `;
  writeFileSync(file, start + code);
  return { command: [process.execPath, file] };
}

const HANGS = successor.bind(null, '');
const READY = successor.bind(null, "report('adopted'); report('ready');");

describe('upgrade() of a gateway', () => {
  test('upgrade() of a gateway that is closed throws', async () => {
    const lock = await startGateway();
    await lock.close();
    await expect(lock.upgrade()).rejects.toMatchObject({
      code: 'ERR_INVALID_STATE',
      message: 'this gateway lock is closed',
    });
  });

  test.each([
    [{ command: 'node' }, 'ERR_INVALID_ARG_TYPE', 'command must be an array of strings, not string'],
    [{ command: [] }, 'ERR_INVALID_ARG_TYPE', 'command[0] must be a string, a Buffer or a file: URL, not undefined'],
    [{ command: ['a\0b'] }, 'ERR_INVALID_ARG_VALUE', 'command must be without NUL, not "a\\u0000b"'],
    [
      { stdio: 'pipe' },
      'ERR_INVALID_ARG_VALUE',
      `stdio must be 'inherit', 'ignore', a stream or a descriptor, not "pipe"`,
    ],
    [{ stdio: ['inherit', 'inherit'] }, 'ERR_OUT_OF_RANGE', 'stdio must be one or three streams, not 2'],
    [{ graceMs: -1 }, 'ERR_OUT_OF_RANGE', 'graceMs must be 0 or more milliseconds, not -1'],
    [{ readyTimeoutMs: '1' }, 'ERR_INVALID_ARG_TYPE', 'readyTimeoutMs must be a number of milliseconds, not string'],
    [{ drain: true }, 'ERR_INVALID_ARG_TYPE', 'drain must be a function, not boolean'],
  ])('upgrade() refuses the options %j and starts nothing', async (options, code, message) => {
    const lock = await startGateway();
    await expect(lock.upgrade(options as never)).rejects.toMatchObject({ code, message });
    expect(lock.owner).not.toHaveProperty('upgrade');
  });

  test('the outcome is kept if the arguments are too long for the system', async () => {
    const lock = await startGateway();
    const outcome = await lock.upgrade({ command: [process.execPath, 'x'.repeat(10_000_000)] });
    expect(outcome).toMatchObject({ outcome: 'kept', reason: 'exited', pid: null, cause: { code: 'E2BIG' } });
    expect(await answer(lock)).toBe('served');
  });

  test('a successor that refuses is ended, and its reason is the cause', async () => {
    const lock = await startGateway();
    const outcome = await lock.upgrade(successor("report('refused because of a test');"));
    expect(outcome).toMatchObject({ reason: 'not-adopted', cause: { message: 'because of a test' } });
    expect(await answer(lock)).toBe('served');
  });

  test('a successor that closes its gateway lock during the drain is ended, and the gateway accepts again', async () => {
    const lock = await startGateway();
    const leaves = successor("report('ready'); (await import('node:fs')).closeSync(channel);");
    let answered = '';
    // Answered only once the gateway accepts again. The outcome waits for the drain step.
    const drain = async () => {
      answered = await answer(lock);
    };
    const outcome = await lock.upgrade({ ...leaves, drain });
    expect(answered).toBe('served');
    expect(outcome).toMatchObject({
      reason: 'not-adopted',
      cause: { message: 'the successor has closed its gateway lock' },
    });
    expect(await answer(lock)).toBe('served');
  });

  test('an abort before the successor is ready rejects with its reason, and the gateway continues', async () => {
    const lock = await startGateway();
    const abort = new AbortController();
    const upgrade = lock.upgrade({ ...HANGS(), signal: abort.signal });
    abort.abort(new Error('changed my mind'));
    await expect(upgrade).rejects.toThrow('changed my mind');
    expect(lock.owner).toMatchObject({ upgrade: { phase: 'kept', reason: 'aborted' } });
    expect(await answer(lock)).toBe('served');
  });

  test('an abort during the drain rejects with its reason, and the gateway accepts again', async () => {
    const lock = await startGateway();
    const client = await connected(lock.port);
    const abort = new AbortController();
    const drain = () => abort.abort(new Error('changed my mind'));
    await expect(lock.upgrade({ ...READY(), signal: abort.signal, drain })).rejects.toThrow('changed my mind');
    expect(await answer(lock)).toBe('served');
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    expect(String((await once(client, 'data'))[0])).toContain('served');
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('cannot write');
      },
    ],
    [
      'rejects',
      async () => {
        await sleep(10);
        throw new Error('cannot write');
      },
    ],
    [
      'fails to start a program',
      () => {
        throw Object.assign(new Error('cannot write'), { syscall: 'spawn sync' });
      },
    ],
  ])('if the drain hook %s, the upgrade rejects with its error, and the gateway accepts again', async (_, drain) => {
    const lock = await startGateway();
    await expect(lock.upgrade({ ...READY(), drain })).rejects.toThrow('cannot write');
    expect(lock.owner).toMatchObject({ upgrade: { phase: 'kept', reason: 'failed' } });
    expect(await answer(lock)).toBe('served');
    expect(lock.verify()).toBe(true);
  });

  test('close() during the drain keeps the locks until the successor has exited', async () => {
    const lock = await startGateway();
    const exitsLate = successor(`process.on('SIGTERM', () => setTimeout(() => process.exit(5), 300));
      report('ready');`);
    let closed = Promise.resolve();
    let heldByClose = false;
    const drain = () => {
      closed = lock.close({
        drain: () => {
          heldByClose = lock.verify();
        },
      });
    };
    expect(await lock.upgrade({ ...exitsLate, drain })).toMatchObject({ outcome: 'kept', exitCode: 5 });
    await closed;
    expect(heldByClose).toBe(true);
  });

  test('the gateway cannot be handed over to another process until the successor has exited', async () => {
    const lock = await startGateway();
    const ignoresSigterm = successor("process.on('SIGTERM', () => {}); report('refused because of a test');");
    const outcome = await lock.upgrade(ignoresSigterm);
    const refusal = { code: 'ERR_INVALID_STATE', message: 'the successor of an upgrade has not exited yet' };
    expect(() => lock.inheritance).toThrow(expect.objectContaining(refusal));
    await expect(lock.handOverTo(process.pid)).rejects.toMatchObject(refusal);
    process.kill(outcome.pid!, 'SIGKILL');
    await until(() => {
      try {
        return lock.inheritance.descriptors.length > 0;
      } catch {
        return false;
      }
    }, 'the successor has exited');
  });

  test('connectionsEnded resolves after the last connection, or after graceMs', async () => {
    const lock = await startGateway();
    const client = await connected(lock.port);
    let closed = false;
    client.once('close', () => (closed = true));
    const outcome = await lock.upgrade({
      ...READY(),
      graceMs: 100,
      drain: async (connectionsEnded) => {
        await connectionsEnded;
        await until(() => closed, 'the client is cut off');
      },
    });
    expect(outcome).toMatchObject({ outcome: 'upgraded' });
    const { pid } = outcome as { pid: number };
    onTestFinished(() => void process.kill(pid, 'SIGKILL'));
    expect(lock.verify()).toBe(false);
    await expect(lock.upgrade()).rejects.toMatchObject({ code: 'ERR_INVALID_STATE' });
  });
});
