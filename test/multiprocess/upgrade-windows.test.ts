// Upgrades on Windows: the predecessor sends the listening sockets, and the successor acquires the
// locks that the predecessor releases.

import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, test } from 'vitest';
import { acquireGatewayLock } from '../../src/index.js';
import { need, whyNotWindows } from '../support/capabilities.js';
import { isAlive, start, untilPrinted } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { whyNoAddress } from '../support/loopbacks.js';
import { until } from '../support/until.js';
import { WindowsGateway } from '../support/windows-gateway.js';

const PARKED = fileURLToPath(new URL('../fixtures/parked-starter.mjs', import.meta.url));
const UPGRADES = 10;
const PATIENT = { timeout: 300_000 };

beforeEach((ctx) => need(ctx, whyNotWindows));

/** Connects again and again. Rejects if a client is refused. */
function clientsOf(gateway: WindowsGateway) {
  let over = false;
  const served = (async () => {
    const pids = new Set<number>();
    let resets = 0;
    while (!over) {
      // The instant in which a server stops accepting; see docs/windows.md, "Upgrades".
      await gateway.get().then(
        (pid) => pids.add(pid),
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'ECONNRESET') throw error;
          resets++;
        },
      );
    }
    return { gateways: pids.size, resets };
  })();
  served.catch(() => {});
  return {
    end: () => {
      over = true;
      return served;
    },
  };
}

/** Starts an upgrade that waits in its drain, and a client that connects meanwhile. */
async function startDrain() {
  const gateway = await WindowsGateway.start();
  gateway.holdDrain();
  const first = await gateway.get('/upgrade');
  await gateway.until(/draining/);
  const waiting = gateway.get();
  await sleep(200);
  return { gateway, first, waiting };
}

test(`${UPGRADES} upgrades refuse no client, and a waiting starter never gets the port`, PATIENT, async () => {
  const gateway = await WindowsGateway.start();
  const parked = start([PARKED, gateway.directory, String(gateway.port)], {
    program: [process.execPath],
    stdin: 'pipe',
  });
  await untilPrinted(parked, /started/);
  const clients = clientsOf(gateway);
  for (let upgrade = 1; upgrade <= UPGRADES; upgrade++) {
    await gateway.get('/upgrade');
    await until(() => gateway.successors() === upgrade, `the end of upgrade ${upgrade}`, 60_000);
    await sleep(50);
  }
  const { gateways, resets } = await clients.end();
  expect(gateways).toBe(UPGRADES + 1);
  expect(resets).toBeLessThanOrEqual(UPGRADES);
  parked.child.stdin!.end();
  expect((await parked.ended).err).toBe('');
  expect(parked.out).not.toContain('won');
  expect(gateway.steps()).not.toMatch(/kept|refused/);
  const losses = parked.out.split('port\n').length - 1;
  console.log(`${UPGRADES} upgrades: ${resets} clients reset; the waiting starter got only the lock ${losses} times`);
});

test('a gateway on localhost is upgraded on both addresses', PATIENT, async (ctx) => {
  need(ctx, whyNoAddress('::1'));
  const gateway = await WindowsGateway.start({ host: 'localhost' });
  await gateway.get('/upgrade');
  await gateway.until(/serving \d+ upgrade/);
  const [, successor] = gateway.pids();
  expect(await gateway.get('/', '127.0.0.1')).toBe(successor);
  expect(await gateway.get('/', '::1')).toBe(successor);
});

test.each([
  ['exits', { exit: 3 }, {}, 'exited'],
  ['hangs', { hang: true }, { readyTimeoutMs: 500 }, 'timed-out'],
  ['asks for another port', { acquire: { port: 1, timeoutMs: 0 } }, {}, 'not-adopted'],
] as const)('a successor that %s leaves the gateway serving', PATIENT, async (_what, successor, upgrade, reason) => {
  const gateway = await WindowsGateway.start({ successor, upgrade });
  const first = await gateway.get('/upgrade');
  await gateway.until(new RegExp(`kept ${reason}`));
  expect(await gateway.get()).toBe(first);
});

test('if the successor is killed during the drain, waiting clients get the predecessor', PATIENT, async () => {
  const { gateway, first, waiting } = await startDrain();
  process.kill(gateway.pids()[1]!, 'SIGKILL');
  // The gateway accepts again at once, and reports the outcome when its drain step has ended.
  expect(await waiting).toBe(first);
  gateway.releaseDrain();
  await gateway.until(/kept exited/);
  // The gateway has the port exclusively, and can be upgraded again.
  await expect(acquireGatewayLock({ stateDir: freshDirectory(), port: gateway.port })).rejects.toMatchObject({
    code: 'ERR_GATEWAY_PORT_IN_USE',
  });
  await gateway.get('/upgrade');
  await gateway.until(/serving \d+ upgrade/);
});

test('if the predecessor is killed during the drain, waiting clients get the successor', PATIENT, async () => {
  const { gateway, first, waiting } = await startDrain();
  process.kill(first, 'SIGKILL');
  await gateway.until(/serving \d+ upgrade/);
  expect(await waiting).toBe(gateway.pids()[1]);
  await until(() => !isAlive(first), 'the end of the predecessor');
});
