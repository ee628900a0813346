// The stand-in for systemd keeps the rules that test/multiprocess/systemd.test.ts reads off the real one.
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { need, whyNoSignals } from '../support/capabilities.js';
import { freshDirectory, until } from '../support/places.js';
import { type SuperviseOptions, supervise } from '../support/supervisor.js';

const SERVICE = fileURLToPath(new URL('../fixtures/service.mjs', import.meta.url));

function superviseService(does: string, options: Partial<SuperviseOptions> = {}) {
  return supervise({ command: [process.execPath, SERVICE, ...does.split(' ')], restartMs: 20, ...options });
}

describe('Restart=always', () => {
  test.for([1, 0, 78])('starts a program again that ends with %d', async (code) => {
    const supervised = superviseService(`exit ${code}`);
    await until(() => supervised.starts >= 4, 'it is started four times');
    expect(supervised.exits.slice(0, 3)).toEqual(Array(3).fill({ code, signal: null }));
  });

  test('starts a program again that was killed', async (ctx) => {
    need(ctx, whyNoSignals);
    const supervised = superviseService('stay');
    await until(() => supervised.output.includes('main ready'), 'it stays');
    process.kill(supervised.pid!, 'SIGKILL');
    await until(() => supervised.starts === 2, 'it is started again');
    expect(supervised.exits).toEqual([{ code: null, signal: 'SIGKILL' }]);
  });

  test('tries a program again that is not there', async () => {
    const supervised = supervise({ command: [`${freshDirectory()}/missing`], restartMs: 20 });
    await until(() => supervised.starts >= 3, 'it is tried three times');
    expect(supervised.exits[0]).toEqual({ code: 203, signal: null });
  });

  test('with RestartPreventExitStatus=78 leaves a program alone that ends with 78', async () => {
    const supervised = superviseService('exit 78', { preventExitStatus: [78] });
    await until(() => supervised.state !== 'running', 'it ends');
    expect(supervised).toMatchObject({ state: 'stopped', starts: 1, exits: [{ code: 78, signal: null }] });
  });

  test('waits for RestartSec, and stop() ends the waiting', async () => {
    const supervised = superviseService('exit 1', { restartMs: 600_000 });
    await until(() => supervised.state === 'restarting', 'it waits');
    await supervised.stop();
    expect(supervised).toMatchObject({ state: 'stopped', starts: 1, pid: undefined });
  });
});

test('stop() says SIGTERM and does not start it again', async (ctx) => {
  need(ctx, whyNoSignals);
  const supervised = superviseService('stay');
  await until(() => supervised.output.includes('main ready'), 'it stays');
  await supervised.stop();
  expect(supervised).toMatchObject({ state: 'stopped', starts: 1, exits: [{ code: 0, signal: null }] });
  expect(supervised.output).toContain('main SIGTERM');
});

test('each start has an invocation of its own', async () => {
  const supervised = superviseService('exit 1');
  await until(() => supervised.starts >= 3, 'it is started three times');
  const ids = [...supervised.output.matchAll(/"INVOCATION_ID":"([0-9a-f]{32})"/g)].map((match) => match[1]);
  expect(ids.length).toBeGreaterThanOrEqual(2);
  expect(new Set(ids).size).toBe(ids.length);
});
