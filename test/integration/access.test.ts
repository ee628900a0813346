// Locks that several users share, with the option access: 'group' or 'everyone'.
import { chmodSync, chownSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { tryAcquireLock } from '../../src/index.js';
import { type Actor, type ActorOptions, startActor } from '../support/actors.js';
import { need, whyNoModes, whyNoShell } from '../support/capabilities.js';
import { freshDirectory } from '../support/directories.js';
import { STRANGER, startUnprivilegedActor, whyNoStranger } from '../support/unprivileged-actor.js';

const SAME_GROUP = { uid: 65533, gid: STRANGER.gid };
const OTHER_GROUP = { uid: 65532, gid: 65532 };
const MODE = { owner: 0o600, group: 0o660, everyone: 0o666 } as const;
type Access = keyof typeof MODE;

beforeEach((ctx) => need(ctx, whyNoModes));

const modeOf = (path: string) => statSync(path).mode & 0o7777;

/**
 * Creates a directory like /run/lock and /tmp, in which every user may create files and remove only
 * their own files.
 */
function stickyDirectory(): string {
  const directory = freshDirectory();
  chmodSync(directory, 0o1777);
  return directory;
}

/** Creates a directory that the users of a group share. */
function groupDirectory(): string {
  const directory = freshDirectory();
  chownSync(directory, STRANGER.uid, STRANGER.gid);
  chmodSync(directory, 0o2770);
  return directory;
}

describe.each(['000', '022', '077', '777'])('under umask %s', (umask) => {
  test.for(Object.entries(MODE))(
    "a new lock file with access '%s' gets the file mode of that access",
    async ([access, mode], ctx) => {
      need(ctx, whyNoShell);
      const path = join(freshDirectory(), 'a.lock');
      const execArgv = ['-c', `umask ${umask}; exec "$@"`, 'sh', process.execPath];
      const actor = await startActor({ execPath: '/bin/sh', execArgv });
      await actor.call('tryAcquire', path, { access });
      expect(modeOf(path)).toBe(mode);
      await actor.call('release', path);
      expect(modeOf(path)).toBe(mode);
    },
  );
});

async function expectShared(path: string, access: Access, first: Actor, second: Actor): Promise<void> {
  expect(await first.call('tryAcquire', path, { access })).toMatchObject({ reclaimed: null });
  expect(await second.call('tryAcquire', path, { access })).toBeNull();
  await first.call('release', path);
  expect(await second.call('tryAcquire', path, { access })).toMatchObject({ reclaimed: null });
  expect(await first.call('tryAcquire', path, { access })).toBeNull();
  expect(statSync(path).uid).toBe(STRANGER.uid);
  await second.kill('SIGKILL');
  expect(await first.call('tryAcquire', path, { access })).toMatchObject({ reclaimed: 'owner-gone' });
}

const startAs = (user: ActorOptions) => startUnprivilegedActor(user);

describe('locks of two users', () => {
  beforeEach((ctx) => need(ctx, whyNoStranger()));

  test("two users exclude each other with access 'group' in a directory of their group", async () => {
    const path = join(groupDirectory(), 'a.lock');
    await expectShared(path, 'group', await startAs(STRANGER), await startAs(SAME_GROUP));
  });

  test("two users exclude each other with access 'everyone' in a directory with the sticky bit, where fs.protected_regular applies", async () => {
    const path = join(stickyDirectory(), 'a.lock');
    await expectShared(path, 'everyone', await startAs(STRANGER), await startAs(OTHER_GROUP));
  });

  test("two users can hold a shared lock together with access 'everyone'", async () => {
    const path = join(stickyDirectory(), 'a.lock');
    const [first, second] = [await startAs(STRANGER), await startAs(OTHER_GROUP)];
    for (const reader of [first, second]) {
      expect(await reader.call('tryAcquire', path, { access: 'everyone', mode: 'shared' })).not.toBeNull();
    }
    expect(tryAcquireLock(path, { access: 'everyone' })).toBeNull();
  });

  test('a second user cannot use a lock file by default, and the error names the owner of the file', async () => {
    const path = join(stickyDirectory(), 'a.lock');
    const [first, second] = [await startAs(STRANGER), await startAs(OTHER_GROUP)];
    await first.call('tryAcquire', path);
    const expected = { code: 'ERR_LOCK_PERMISSION', path, message: expect.stringContaining(`uid ${STRANGER.uid}`) };
    await expect(second.call('tryAcquire', path)).rejects.toMatchObject(expected);
  });

  test("a file of another user is refused if more users may write to the file than access 'group' allows", async () => {
    const path = join(stickyDirectory(), 'a.lock');
    const [first, second] = [await startAs(STRANGER), await startAs(SAME_GROUP)];
    await first.call('tryAcquire', path, { access: 'everyone' });
    await first.call('release', path);
    await expect(second.call('tryAcquire', path, { access: 'group' })).rejects.toMatchObject({
      code: 'ERR_LOCK_INVALID_FILE',
      message: expect.stringContaining('writable by others'),
    });
  });
});
