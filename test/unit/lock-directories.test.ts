import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { expect, test } from 'vitest';
import { canonicalPath } from '../../src/gateway/canonical-path.js';
import { configLock, resolveStatePaths, type StatePathOptions } from '../../src/gateway/lock-directories.js';
import { need, whyNoLinks } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';

const uid = process.getuid?.();
/** A home directory that does not exist, so that its path is already canonical. */
const srv = resolve('/gateway-lock-nothing');
const nothing: StatePathOptions = {
  app: 'gateway',
  profile: undefined,
  stateDir: undefined,
  configPath: undefined,
  lockDir: undefined,
  env: {},
};

test('by default the state directory is ~/.<app>, with the config <app>.json and the locks in tmp/<app>-<uid>', () => {
  const state = canonicalPath(join(homedir(), '.gateway'));
  expect(resolveStatePaths(nothing)).toMatchObject({
    stateDir: state,
    configPath: join(state, 'gateway.json'),
    lockDir: join(state, 'tmp', uid === undefined ? 'gateway' : `gateway-${uid}`),
  });
});

test('each profile has its own state directory', () => {
  expect(resolveStatePaths({ ...nothing, profile: 'rescue' }).stateDir).toMatch(/\.gateway-rescue$/);
});

test('an option overrides an environment variable, a variable overrides the default, and an empty variable counts as unset', () => {
  const [state, config] = [join(srv, 'env', 'state'), join(srv, 'env', 'config')];
  const env = { MY_APP_STATE_DIR: state, MY_APP_CONFIG_PATH: config };
  const app = 'my-app';
  expect(resolveStatePaths({ ...nothing, app, env })).toMatchObject({
    stateDir: state,
    configPath: config,
  });
  const options = { stateDir: join(srv, 'opt', 'state'), configPath: join(srv, 'opt', 'config') };
  expect(resolveStatePaths({ ...nothing, ...options, app, env })).toMatchObject(options);
  expect(resolveStatePaths({ ...nothing, app, env: { MY_APP_STATE_DIR: '' } }).stateDir).toMatch(/\.my-app$/);
});

test("with app 'openclaw' the paths are those of OpenClaw", () => {
  // These directories do not exist on any test machine, so their paths are already canonical.
  const [claw, hash] = sep === '/' ? ['/srv/claw', 'b3f31e46'] : ['Q:\\claw', 'e22066d9'];
  const paths = resolveStatePaths({ ...nothing, app: 'openclaw', env: { OPENCLAW_STATE_DIR: claw } });
  expect(paths.lockDir).toBe(join(claw, 'tmp', uid === undefined ? 'openclaw' : `openclaw-${uid}`));
  expect(paths.stateLock).toBe(join(paths.lockDir, 'gateway.state.lock'));
  // Computed with: printf %s /srv/claw/openclaw.json | sha256sum | cut -c1-8
  expect(configLock(paths)).toBe(join(paths.lockDir, `gateway.${hash}.lock`));
});

test('~ in a path is expanded to the home directory', () => {
  expect(resolveStatePaths({ ...nothing, stateDir: '~/somewhere' }).stateDir).toBe(
    canonicalPath(join(homedir(), 'somewhere')),
  );
});

test('two paths to one directory have the same canonical path, even if the last parts do not exist yet', (ctx) => {
  need(ctx, whyNoLinks);
  const directory = freshDirectory();
  mkdirSync(join(directory, 'real'));
  symlinkSync(join(directory, 'real'), join(directory, 'alias'));
  const straight = canonicalPath(join(directory, 'real', 'not', 'yet'));
  expect(canonicalPath(join(directory, 'alias', 'not', 'yet'))).toBe(straight);
  expect(canonicalPath(join(directory, 'alias', '..', 'real', '.', 'not', 'yet'))).toBe(straight);
  expect(straight).toBe(join(directory, 'real', 'not', 'yet'));
});

test("'..' after a link means the parent of the target of the link, same as in the kernel", (ctx) => {
  need(ctx, whyNoLinks);
  const directory = freshDirectory();
  mkdirSync(join(directory, 'deep', 'real'), { recursive: true });
  symlinkSync(join('deep', 'real'), join(directory, 'alias'));
  symlinkSync('missing', join(directory, 'deep', 'real', 'dangling'));
  expect(canonicalPath(`${directory}/alias/../state`)).toBe(join(directory, 'deep', 'state'));
  expect(canonicalPath(join(directory, 'alias', 'dangling'))).toBe(join(directory, 'deep', 'real', 'missing'));
});

test('a path through a circle of links fails with ELOOP', (ctx) => {
  need(ctx, whyNoLinks);
  const directory = freshDirectory();
  symlinkSync(join(directory, 'b'), join(directory, 'a'));
  symlinkSync(join(directory, 'a'), join(directory, 'b'));
  expect(() => canonicalPath(join(directory, 'a', 'leaf'))).toThrow(expect.objectContaining({ code: 'ELOOP' }));
});

test('a relative path is resolved against the working directory', () => {
  expect(canonicalPath('not-here/yet')).toBe(join(canonicalPath(process.cwd()), 'not-here', 'yet'));
});

test('a missing home directory is an error only if a path begins in the home directory', () => {
  const variables = ['HOME', 'USERPROFILE'];
  const before = variables.map((name) => process.env[name]);
  for (const name of variables) process.env[name] = '';
  try {
    expect(resolveStatePaths({ ...nothing, stateDir: srv }).stateDir).toBe(srv);
    expect(() => resolveStatePaths(nothing)).toThrow(/the home directory '' is not an absolute path\. Set HOME/);
  } finally {
    variables.forEach((name, i) => {
      if (before[i] === undefined) delete process.env[name];
      else process.env[name] = before[i];
    });
  }
});

test('in a shared lock directory the state lock of each state directory has a different name', () => {
  const lockDir = join(srv, 'locks');
  const [one, two] = ['one', 'two'].map((name) =>
    resolveStatePaths({ ...nothing, stateDir: join(srv, name), lockDir }),
  );
  expect(dirname(one!.stateLock)).toBe(lockDir);
  expect(basename(one!.stateLock)).toMatch(/^gateway\.state\.[0-9a-f]{8}\.lock$/);
  expect(one!.stateLock).not.toBe(two!.stateLock);
});

test('a link whose target does not exist yet is followed to the path of the target', (ctx) => {
  need(ctx, whyNoLinks);
  const directory = freshDirectory();
  symlinkSync(join(directory, 'later'), join(directory, 'alias'));
  expect(canonicalPath(join(directory, 'alias', 'leaf'))).toBe(join(directory, 'later', 'leaf'));
});

test('the path of a config file that is a link is replaced by the path of its target, which need not exist', (ctx) => {
  need(ctx, whyNoLinks);
  const stateDir = freshDirectory();
  const link = join(stateDir, 'gateway.json');
  expect(resolveStatePaths({ ...nothing, stateDir }).configPath).toBe(link);
  symlinkSync('real.json', link);
  expect(resolveStatePaths({ ...nothing, stateDir }).configPath).toBe(join(stateDir, 'real.json'));
  writeFileSync(join(stateDir, 'real.json'), '{}');
  expect(resolveStatePaths({ ...nothing, stateDir }).configPath).toBe(join(stateDir, 'real.json'));
});
