// What sudo does to a first start: it keeps HOME on macOS, and the state would belong to root.
import { chownSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Subject } from '../../src/cli/doctor/finding.js';
import { checkLockDirectory } from '../../src/cli/doctor/lock-directory.js';
import { acquireGatewayLock } from '../../src/index.js';
import { need, whyNotRoot } from '../support/capabilities.js';
import { freshDirectory } from '../support/places.js';

const USER = 65534;

beforeEach((ctx) => need(ctx, whyNotRoot()));
afterEach(() => vi.unstubAllEnvs());

function homeOfUser(): string {
  const home = freshDirectory();
  chownSync(home, USER, USER);
  return home;
}

const start = (stateDir: string) => acquireGatewayLock({ stateDir, port: 0, env: {} });

test('in the home of the user is refused, says so, and makes nothing', async () => {
  vi.stubEnv('SUDO_UID', String(USER));
  const home = homeOfUser();
  const state = join(home, '.gateway');
  await expect(start(state)).rejects.toMatchObject({
    code: 'ERR_GATEWAY_LOCK_FAILED',
    cause: { code: 'ERR_LOCK_PERMISSION', message: expect.stringContaining(`'${home}' belongs to uid ${USER}`) },
  });
  expect(existsSync(state)).toBe(false);
  const [report] = checkLockDirectory({ lockDir: join(state, 'tmp'), ownLockDir: true } as Subject);
  expect([report?.level, report?.message]).toEqual([
    'error',
    expect.stringContaining(`${home} belongs to uid ${USER}`),
  ]);
});

test.each([
  ['without sudo', undefined, homeOfUser],
  ['by sudo from root', '0', homeOfUser],
  ['by sudo, in a directory of root', String(USER), freshDirectory],
] as const)('%s is none of our business', async (_case, uid, place) => {
  vi.stubEnv('SUDO_UID', uid);
  const lock = await start(join(place(), '.gateway'));
  await lock.close();
});

test('by sudo, where the locks were before, is none either', async () => {
  const state = join(homeOfUser(), '.gateway');
  const first = await start(state);
  await first.close();
  vi.stubEnv('SUDO_UID', String(USER));
  mkdirSync(state, { recursive: true });
  const second = await start(state);
  await second.close();
});
