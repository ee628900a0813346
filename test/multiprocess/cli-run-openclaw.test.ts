// OpenClaw acquires its gateway lock itself, so a wrapper that holds the lock would block OpenClaw.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { acquireGatewayLock } from '../../src/index.js';
import { need, whyNoInheritance } from '../support/capabilities.js';
import { gatewayLock, searchPath } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';

beforeEach((ctx) => need(ctx, whyNoInheritance));

/** Creates programs with the names of the examples. Each program prints that it runs. */
function programs(directory: string): NodeJS.ProcessEnv {
  for (const name of ['openclaw', 'npx', 'bunx', 'other']) {
    const path = join(directory, name);
    writeFileSync(path, '#!/bin/sh\necho "runs: $0 $*"\n');
    chmodSync(path, 0o755);
  }
  return { PATH: searchPath(directory) };
}

/** Creates OpenClaw's package as npm installs it, and returns the path of its program. */
function installed(directory: string): string {
  const folder = join(directory, 'lib', 'node_modules', 'openclaw');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'openclaw.mjs'), 'console.log("runs: node");\n');
  return join(folder, 'openclaw.mjs');
}

describe('run --app openclaw', () => {
  test.each([
    [['openclaw', 'gateway']],
    [['openclaw', 'gateway', 'run']],
    [['openclaw', '--profile', 'rescue', 'gateway', '--port', '18790']],
    [['npx', '-y', 'openclaw@latest', 'gateway']],
    [['bunx', 'openclaw', 'gateway', '--force']],
    [['node', 'INSTALLED', 'gateway']],
    [['other', '/usr/local/bin/openclaw', 'gateway']],
  ])('refuses %j at once and names the command to run instead', async (words) => {
    const home = freshDirectory();
    const env = programs(home);
    const program = words.map((word) => (word === 'INSTALLED' ? installed(home) : word));
    const { code, out, err } = await gatewayLock(['run', '--app', 'openclaw', '--', ...program], { home, env });
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(/^gateway-lock: --app openclaw: OpenClaw acquires this lock itself [^\n]*\n$/);
    expect(err.trimEnd().endsWith(`Start OpenClaw directly: ${program.join(' ')}`)).toBe(true);
  });

  test('run --app openclaw is also refused by gateway-lock unit', async () => {
    const home = freshDirectory();
    const args = ['unit', 'systemd', '--app', 'openclaw', '--', 'openclaw', 'gateway'];
    const { code, err } = await gatewayLock(args, { home, env: programs(home) });
    expect([code, err]).toEqual([64, expect.stringContaining('OpenClaw acquires this lock itself')]);
  });

  test.each([
    [['run', '--app', 'openclaw', '--', 'openclaw', 'gateway', 'status']],
    [['run', '--app', 'openclaw', '--', 'openclaw', 'doctor']],
    [['run', '--app', 'openclaw', '--', 'other', 'gateway']],
    [['run', '--app', 'other', '--', 'openclaw', 'gateway']],
    [['run', '--app', 'openclaw', '--lock', 'LOCK', '--', 'openclaw', 'gateway']],
  ])(
    'run --app openclaw is allowed with the arguments %j, whose program does not acquire the same lock',
    async (args) => {
      const home = freshDirectory();
      const words = args.map((word) => (word === 'LOCK' ? join(home, 'a.lock') : word));
      const { code, out } = await gatewayLock(words, { home, env: programs(home) });
      expect([code, out]).toEqual([0, expect.stringMatching(/^runs: /)]);
    },
  );

  test.each([
    ['openclaw', 'gateway'],
    ['other', 'program'],
  ])('with --app %s writes the role %s to the record', async (app, role) => {
    const words = ['sh', '-c', `cat "$HOME/.${app}/tmp/${app}-$(id -u)/gateway.state.lock"`];
    const { out } = await gatewayLock(['run', '--app', app, '--', ...words]);
    expect(JSON.parse(out)).toMatchObject({ app, role });
  });
});

describe('acquireGatewayLock() with app openclaw', () => {
  const options = () => ({ app: 'openclaw', stateDir: freshDirectory(), bind: false, env: {} });

  test.each(['gateway', 'agent-embedded', 'skill-workshop-apply', 'sqlite-maintenance'])(
    'accepts the role %s of OpenClaw',
    async (role) => {
      const lock = await acquireGatewayLock({ ...options(), role });
      expect(lock.owner['role']).toBe(role);
      await lock.close();
    },
  );

  test('refuses a role that OpenClaw does not know, because OpenClaw would not respect a lock with that role', async () => {
    await expect(acquireGatewayLock({ ...options(), role: 'program' })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message:
        "role must be one of 'gateway', 'agent-embedded', 'skill-workshop-apply', 'sqlite-maintenance', not \"program\"",
    });
  });
});
