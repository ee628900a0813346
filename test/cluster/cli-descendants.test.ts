// The program of gateway-lock run --cluster does not outlive the lock or the command. If a cgroup
// is available, the descendants of the program do not outlive them either.
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Missing, need, whyNoInheritance, whyNoMount } from '../support/capabilities.js';
import { cgroupMount, cgroupsOf, whyNoCgroup } from '../support/cluster/cgroups.js';
import { DroppingProxy } from '../support/cluster/dropping-proxy.js';
import { ENGINES, type RunningEngine } from '../support/cluster/engines.js';
import { isAlive, type RunOptions, startRun } from '../support/cluster/run-command.js';
import { freshDirectory } from '../support/directories.js';
import { until } from '../support/until.js';

const [{ missing: whyNoEtcd, start }] = ENGINES as [(typeof ENGINES)[number]];
const missing = whyNoEtcd ?? whyNoInheritance;
let servers: RunningEngine;
let names = 0;

beforeAll(async () => {
  if (missing === null) servers = await start();
});
afterAll(() => servers?.stop());

const freshName = () => `descendants-${++names}`;
const run = (name: string, options: RunOptions) =>
  startRun(`etcd://${servers.urlAt(options.ports ?? servers.ports)}`, name, options);

/** Returns a PATH without setpriv, because macOS has no setpriv. */
function pathWithoutSetpriv(): string {
  const directory = join(freshDirectory(), 'bin');
  mkdirSync(directory);
  for (const program of ['sh', 'ps']) symlinkSync(`/bin/${program}`, join(directory, program));
  return directory;
}

/**
 * The words of a command that runs another command in a mount namespace in which no cgroup can be
 * created.
 */
const READ_ONLY = [
  '/usr/bin/unshare',
  '-m',
  '/bin/sh',
  '-c',
  `/bin/mount -o remount,bind,ro ${cgroupMount} && exec "$@"`,
  'sh',
];
const whyNoReadOnly = () => whyNoCgroup ?? whyNoMount();

const VARIANTS: readonly [string, () => RunOptions, () => Missing][] = [
  ['with both setpriv and a cgroup if this system has them', () => ({}), () => null],
  ['without setpriv', () => ({ path: pathWithoutSetpriv() }), () => null],
  ['without a cgroup', () => ({ inside: READ_ONLY }), whyNoReadOnly],
  ['without setpriv and without a cgroup', () => ({ path: pathWithoutSetpriv(), inside: READ_ONLY }), whyNoReadOnly],
];

test.for(VARIANTS)(
  'the program of gateway-lock run does not outlive gateway-lock %s',
  async ([, options, whyNot], ctx) => {
    need(ctx, missing ?? whyNot());
    const killed = run(freshName(), { ...options(), program: ['ignore'] });
    await until(() => killed.lines().length > 1, 'the program runs');
    const [pid] = killed.pids();
    expect(isAlive(pid!)).toBe(true);
    if (options().inside) expect(cgroupsOf(killed.child.pid!)).toEqual([]);
    killed.child.kill('SIGKILL');
    await until(() => !isAlive(pid!), 'the program has ended');
  },
);

describe('a descendant of the program of gateway-lock run in a separate session', () => {
  const started = async (options: RunOptions) => {
    const command = run(freshName(), { ...options, program: ['child', ...(options.program ?? [])] });
    await until(() => command.pids().length === 2, 'the program and its child run', 60_000);
    expect(cgroupsOf(command.child.pid!)).toHaveLength(1);
    return command;
  };

  test('a descendant of the program has ended by the time gateway-lock exits', async (ctx) => {
    need(ctx, missing ?? whyNoCgroup);
    const command = await started({});
    command.child.kill('SIGTERM');
    expect(await command.exited).toBe(0);
    expect(command.pids().filter(isAlive)).toEqual([]);
    expect(cgroupsOf(command.child.pid!)).toEqual([]);
  });

  test.for(VARIANTS.slice(0, 2))(
    'a descendant of the program does not outlive gateway-lock %s',
    async ([, options], ctx) => {
      need(ctx, missing ?? whyNoCgroup);
      const command = await started({ ...options(), program: ['ignore'] });
      command.child.kill('SIGKILL');
      await until(() => command.pids().filter(isAlive).length === 0, 'the program and its child have ended');
      await until(() => cgroupsOf(command.child.pid!).length === 0, 'gateway-lock has removed the cgroup');
    },
  );

  test('a descendant of the program ends at the deadline of the lock, before the next host starts its program', async (ctx) => {
    need(ctx, missing ?? whyNoCgroup);
    const proxies = await Promise.all(servers.ports.map((port) => DroppingProxy.to(port)));
    onTestFinished(() => {
      for (const proxy of proxies) proxy.close();
    });
    const cut = await started({ ports: proxies.map(({ port }) => port), program: ['ignore'] });
    const next = run(`descendants-${names}`, {});
    for (const proxy of proxies) proxy.drop();
    expect(await cut.exited).toBe(75);
    expect(cut.pids().filter(isAlive)).toEqual([]);
    await until(() => next.lines().length > 1, 'the next host runs its program', 60_000);
    const last = Math.max(...cut.lines().map(([, , atMs]) => Number(atMs)));
    expect(Number(next.lines()[0]![2])).toBeGreaterThan(last);
  });
});
