// Checks that the stand-in for systemd follows the rules that test/multiprocess/systemd.test.ts
// checks on a real systemd.
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { need, whyNoSignals } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { type SuperviseOptions, supervise } from '../support/supervisor.js';
import { until } from '../support/until.js';

const SERVICE = fileURLToPath(new URL('../fixtures/service.mjs', import.meta.url));

function superviseService(does: string, options: Partial<SuperviseOptions> = {}) {
  return supervise({ command: [process.execPath, SERVICE, ...does.split(' ')], restartMs: 20, ...options });
}

describe('the stand-in for systemd with Restart=always', () => {
  test.for([1, 0, 78])('restarts a program that ends with exit code %d', async (code) => {
    const supervised = superviseService(`exit ${code}`);
    await until(() => supervised.starts >= 4, 'four starts');
    expect(supervised.exits.slice(0, 3)).toEqual(Array(3).fill({ code, signal: null }));
  });

  test('restarts a killed program', async (ctx) => {
    need(ctx, whyNoSignals);
    const supervised = superviseService('stay');
    await until(() => supervised.output.includes('main ready'), 'main ready');
    process.kill(supervised.pid!, 'SIGKILL');
    await until(() => supervised.starts === 2, 'a second start');
    expect(supervised.exits).toEqual([{ code: null, signal: 'SIGKILL' }]);
  });

  test('tries to start a missing program again', async () => {
    const supervised = supervise({ command: [`${freshDirectory()}/missing`], restartMs: 20 });
    await until(() => supervised.starts >= 3, 'three attempts');
    expect(supervised.exits[0]).toEqual({ code: 203, signal: null });
  });

  test('the stand-in for systemd with Restart=always does not restart a program that ends with exit code 78 if RestartPreventExitStatus=78 is set', async () => {
    const supervised = superviseService('exit 78', { preventExitStatus: [78] });
    await until(() => supervised.state !== 'running', 'the end of the program');
    expect(supervised).toMatchObject({ state: 'stopped', starts: 1, exits: [{ code: 78, signal: null }] });
  });

  test('the stand-in for systemd with Restart=always waits for RestartSec until stop() is called', async () => {
    const supervised = superviseService('exit 1', { restartMs: 600_000 });
    await until(() => supervised.state === 'restarting', 'the wait for a restart');
    await supervised.stop();
    expect(supervised).toMatchObject({ state: 'stopped', starts: 1, pid: undefined });
  });
});

test('stop() of the stand-in for systemd sends SIGTERM and does not restart the program', async (ctx) => {
  need(ctx, whyNoSignals);
  const supervised = superviseService('stay');
  await until(() => supervised.output.includes('main ready'), 'main ready');
  await supervised.stop();
  expect(supervised).toMatchObject({ state: 'stopped', starts: 1, exits: [{ code: 0, signal: null }] });
  expect(supervised.output).toContain('main SIGTERM');
});

test('the stand-in for systemd sets a new INVOCATION_ID for each start', async () => {
  const supervised = superviseService('exit 1');
  await until(() => supervised.starts >= 3, 'three starts');
  const ids = [...supervised.output.matchAll(/"INVOCATION_ID":"([0-9a-f]{32})"/g)].map((match) => match[1]);
  expect(ids.length).toBeGreaterThanOrEqual(2);
  expect(new Set(ids).size).toBe(ids.length);
});
