import { mkdirSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { canonicalPath } from '../../src/gateway/canonical-path.js';
import { resolveStatePaths, type StatePathOptions } from '../../src/gateway/state-paths.js';
import { freshDirectory } from '../support/places.js';

const uid = process.getuid?.();
const nothing: StatePathOptions = {
  app: 'gateway',
  profile: undefined,
  stateDir: undefined,
  configPath: undefined,
  lockDir: undefined,
  env: {},
};

test('by default the state is ~/.<app>, the config <state>/<app>.json, the locks <state>/tmp/<app>-<uid>', () => {
  const state = canonicalPath(join(homedir(), '.gateway'));
  expect(resolveStatePaths(nothing)).toMatchObject({
    stateDir: state,
    configPath: join(state, 'gateway.json'),
    lockDir: join(state, 'tmp', uid === undefined ? 'gateway' : `gateway-${uid}`),
  });
});

test('a profile has a state of its own', () => {
  expect(resolveStatePaths({ ...nothing, profile: 'rescue' }).stateDir).toMatch(/\.gateway-rescue$/);
});

test('the environment comes before the default, an option before the environment; empty counts as unset', () => {
  const env = { MY_APP_STATE_DIR: '/env/state', MY_APP_CONFIG_PATH: '/env/config' };
  const app = 'my-app';
  expect(resolveStatePaths({ ...nothing, app, env })).toMatchObject({
    stateDir: '/env/state',
    configPath: '/env/config',
  });
  const options = { stateDir: '/opt/state', configPath: '/opt/config' };
  expect(resolveStatePaths({ ...nothing, ...options, app, env })).toMatchObject(options);
  expect(resolveStatePaths({ ...nothing, app, env: { MY_APP_STATE_DIR: '' } }).stateDir).toMatch(/\.my-app$/);
});

test("with app 'openclaw' the paths are OpenClaw's own", () => {
  const paths = resolveStatePaths({ ...nothing, app: 'openclaw', env: { OPENCLAW_STATE_DIR: '/srv/claw' } });
  expect(paths.stateLock).toBe(`/srv/claw/tmp/openclaw${uid === undefined ? '' : `-${uid}`}/gateway.state.lock`);
  // printf %s /srv/claw/openclaw.json | sha256sum | cut -c1-8
  expect(paths.configLock).toMatch(/\/gateway\.b3f31e46\.lock$/);
});

test('~ is expanded, because service units do not', () => {
  expect(resolveStatePaths({ ...nothing, stateDir: '~/somewhere' }).stateDir).toBe(
    canonicalPath(join(homedir(), 'somewhere')),
  );
});

test('two spellings of one place are one place, also where the leaf does not exist yet', () => {
  const directory = freshDirectory();
  mkdirSync(join(directory, 'real'));
  symlinkSync(join(directory, 'real'), join(directory, 'alias'));
  const straight = canonicalPath(join(directory, 'real', 'not', 'yet'));
  expect(canonicalPath(join(directory, 'alias', 'not', 'yet'))).toBe(straight);
  expect(canonicalPath(join(directory, 'alias', '..', 'real', '.', 'not', 'yet'))).toBe(straight);
  expect(straight).toBe(join(directory, 'real', 'not', 'yet'));
});

test('a path is walked as the kernel does: .. leaves the target of a link, not its name', () => {
  const directory = freshDirectory();
  mkdirSync(join(directory, 'deep', 'real'), { recursive: true });
  symlinkSync(join('deep', 'real'), join(directory, 'alias'));
  symlinkSync('missing', join(directory, 'deep', 'real', 'dangling'));
  expect(canonicalPath(`${directory}/alias/../state`)).toBe(join(directory, 'deep', 'state'));
  expect(canonicalPath(join(directory, 'alias', 'dangling'))).toBe(join(directory, 'deep', 'real', 'missing'));
});

test('a circle of links is an error, not a place', () => {
  const directory = freshDirectory();
  symlinkSync(join(directory, 'b'), join(directory, 'a'));
  symlinkSync(join(directory, 'a'), join(directory, 'b'));
  expect(() => canonicalPath(join(directory, 'a', 'leaf'))).toThrow(expect.objectContaining({ code: 'ELOOP' }));
});

test('a relative path is meant from the working directory', () => {
  expect(canonicalPath('not-here/yet')).toBe(join(canonicalPath(process.cwd()), 'not-here', 'yet'));
});

test('a home is asked for only where it is needed', () => {
  const home = process.env['HOME'];
  process.env['HOME'] = '';
  try {
    expect(resolveStatePaths({ ...nothing, stateDir: '/srv/state' }).stateDir).toBe('/srv/state');
    expect(() => resolveStatePaths(nothing)).toThrow(/HOME is ''/);
  } finally {
    process.env['HOME'] = home;
  }
});

test('a lock directory that states may share has the state in the name of its lock', () => {
  const [one, two] = ['/srv/one', '/srv/two'].map((stateDir) =>
    resolveStatePaths({ ...nothing, stateDir, lockDir: '/run/locks' }),
  );
  expect(one!.stateLock).toMatch(/^\/run\/locks\/gateway\.state\.[0-9a-f]{8}\.lock$/);
  expect(one!.stateLock).not.toBe(two!.stateLock);
});

test('a link that leads nowhere yet is followed to where it will lead', () => {
  const directory = freshDirectory();
  symlinkSync(join(directory, 'later'), join(directory, 'alias'));
  expect(canonicalPath(join(directory, 'alias', 'leaf'))).toBe(join(directory, 'later', 'leaf'));
});
