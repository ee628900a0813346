// Lock files that cannot be removed on release, because their directory became read-only or
// unreachable. The release still drops each lock. The error names a lock file that was not removed;
// that file names no owner and blocks no later start.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { bindExclusive, probeLock, resolveGatewayPaths } from '../../src/index.js';
import type { Actor } from '../support/actors.js';
import { type Missing, need, whyNoMount } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { STRANGER, startUnprivilegedActor, whyNoStranger } from '../support/unprivileged-actor.js';

interface Obstacle {
  readonly what: string;
  readonly code: string;
  readonly missing: () => Missing;
  readonly put: (directory: string) => void;
  readonly remove: (directory: string) => void;
}

const chmodTo = (mode: number) => (directory: string) => chmodSync(directory, mode);

/**
 * Makes a directory read-only, like an ext4 file system after an error or a remounted volume. Files
 * that are already open stay writable.
 */
function mountReadOnly(directory: string): void {
  execFileSync('mount', ['--bind', directory, directory]);
  // Without LD_PRELOAD, because a preloaded sanitizer runtime makes system tools fail.
  const env = { ...process.env, LD_PRELOAD: '' };
  const unmount = ['-c', 'mountpoint -q "$0" && umount "$0" || true', directory];
  onTestFinished(() => void execFileSync('sh', unmount, { env }));
  execFileSync('mount', ['-o', 'remount,ro,bind', directory]);
}

const OBSTACLES: readonly Obstacle[] = [
  {
    what: 'may not be written to',
    code: 'EACCES',
    missing: () => null,
    put: chmodTo(0o500),
    remove: chmodTo(0o700),
  },
  { what: 'may not be entered', code: 'EACCES', missing: () => null, put: chmodTo(0), remove: chmodTo(0o700) },
  {
    what: 'is on a file system that became read-only',
    code: 'EROFS',
    missing: whyNoMount,
    put: mountReadOnly,
    remove: (directory) => execFileSync('umount', [directory]),
  },
];

interface Gateway {
  readonly actor: Actor;
  readonly options: { readonly stateDir: string; readonly port: number; readonly env: Record<string, string> };
  readonly paths: readonly string[];
}

async function startGateway(): Promise<Gateway> {
  const options = { stateDir: freshDirectory(), port: await freePort(), env: {} };
  chownSync(options.stateDir, STRANGER.uid, STRANGER.gid);
  const actor = await startUnprivilegedActor();
  await actor.call('gateway', options);
  const directory = join(options.stateDir, 'tmp', `gateway-${STRANGER.uid}`);
  const paths = resolveGatewayPaths(options).lockPaths.map((path) => join(directory, basename(path)));
  return { actor, options, paths };
}

/** Expects both locks and the port to be free, although the former holder is still running. */
async function expectDropped({ options, paths }: Gateway): Promise<void> {
  expect(paths).toHaveLength(2);
  for (const path of paths) expect(probeLock(path)).toMatchObject({ state: 'free', owner: null });
  await bindExclusive({ host: '127.0.0.1', port: options.port }).close();
}

async function expectNextStart({ options, paths }: Gateway): Promise<void> {
  const next = await startUnprivilegedActor();
  expect(await next.call('gateway', { ...options, timeoutMs: 20_000 })).toMatchObject({ reclaimed: null });
  await next.call('close');
  expect(paths.filter((path) => existsSync(path))).toEqual([]);
}

beforeEach((ctx) => need(ctx, whyNoStranger()));

describe.each(OBSTACLES)('when the lock directory $what', ({ code, missing, put, remove }) => {
  test('close() of a gateway drops every lock and the port, and its error names a file that was not removed', async (ctx) => {
    need(ctx, missing());
    const gateway = await startGateway();
    const directory = dirname(gateway.paths[0]!);
    put(directory);
    const error = await gateway.actor.call('close').catch((caught: unknown) => caught);
    expect(gateway.paths).toContain((error as { path?: string }).path);
    expect(JSON.stringify(error) + (error as Error).message).toContain(code);
    await expectDropped(gateway);
    expect(await gateway.actor.call('close')).toBeNull();
    remove(directory);
    await expectNextStart(gateway);
  });
});
