// The first start of a gateway with sudo. On macOS, sudo keeps HOME, so root would own the new
// state directory in the home directory of the user.
import { chownSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Subject } from '../../src/cli/commands/doctor/finding.js';
import { checkLockDirectory } from '../../src/cli/commands/doctor/lock-directory.js';
import { acquireGatewayLock } from '../../src/index.js';
import { need, whyNotRoot } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';

const USER = 65534;

beforeEach((ctx) => need(ctx, whyNotRoot()));
afterEach(() => vi.unstubAllEnvs());

function homeOfUser(): string {
  const home = freshDirectory();
  chownSync(home, USER, USER);
  return home;
}

const start = (stateDir: string) => acquireGatewayLock({ stateDir, port: 0, env: {} });

test('a first start with sudo in the home directory of a user fails and creates nothing', async () => {
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
  ['with sudo called by root', '0', homeOfUser],
  ['with sudo in a directory that belongs to root', String(USER), freshDirectory],
] as const)('a first start of a gateway %s is allowed', async (_case, uid, parent) => {
  vi.stubEnv('SUDO_UID', uid);
  const lock = await start(join(parent(), '.gateway'));
  await lock.close();
});

test('a start with sudo is allowed if the state directory already exists', async () => {
  const state = join(homeOfUser(), '.gateway');
  const first = await start(state);
  await first.close();
  vi.stubEnv('SUDO_UID', String(USER));
  mkdirSync(state, { recursive: true });
  const second = await start(state);
  await second.close();
});
