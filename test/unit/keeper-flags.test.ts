import { describe, expect, test } from 'vitest';
import { type KeeperFlags, keeperConflict, restartRules } from '../../src/cli/commands/run/keeper-flags.js';
import { programsInherit } from '../../src/internal.js';

const DEFAULTS = { restartDelay: 100, grace: 5000, readyTimeout: 60_000, healthPath: '/healthz', handover: true };

describe('options of run that exclude each other', () => {
  test.each([
    [{ restart: 'always', cluster: 'etcd://a' }, /^--restart: not available with --cluster/],
    [{ reloadOn: 'SIGHUP', cluster: 'etcd://a' }, /^--reload-on: not available with --cluster/],
    [{ standby: true, exec: true }, /^--standby: not available with --exec/],
    [{ restart: 'on-failure', exec: true }, /^--restart: not available with --exec/],
  ] as const)('%j', (flags, message) => {
    expect(keeperConflict({ ...DEFAULTS, ...flags } as KeeperFlags & typeof DEFAULTS)).toMatch(message);
  });

  test('a new program beside the old one needs the socket, which Windows cannot pass on', () => {
    const flags = { ...DEFAULTS, reloadOn: 'SIGHUP', port: 1, handover: false } as const;
    const reason = programsInherit ? /the socket of the old one. Remove --no-handover$/ : /not available on Windows/;
    expect(keeperConflict(flags)).toMatch(reason);
  });

  test.each([{}, { restart: 'no', exec: true }, { restart: 'always', port: 1, handover: false }] as const)(
    '%j is accepted',
    (flags) => {
      expect(keeperConflict({ ...DEFAULTS, ...flags } as KeeperFlags & typeof DEFAULTS)).toBe(null);
    },
  );
});

test('--standby restarts the program after a failure unless --restart says otherwise', () => {
  expect(restartRules(DEFAULTS)).toEqual({ mode: 'no', delayMs: 100, maxRestarts: Number.POSITIVE_INFINITY });
  expect(restartRules({ ...DEFAULTS, standby: true }).mode).toBe('on-failure');
  expect(restartRules({ ...DEFAULTS, standby: true, restart: 'always', maxRestarts: 3 })).toMatchObject({
    mode: 'always',
    maxRestarts: 3,
  });
});
