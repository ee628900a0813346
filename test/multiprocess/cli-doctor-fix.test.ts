import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startActor } from '../support/actors.js';
import { freshDirectory } from '../support/directories.js';
import { doctor, doctorPlace } from '../support/doctor.js';
import { freePort } from '../support/free-port.js';
import { processStartToken, writeOlderRecord } from '../support/older-gateway.js';
import { snapshotOf } from '../support/snapshot.js';

/** Returns the pid of a process that has ended: spawnSync() waits for its end. */
const deadPid = () => spawnSync(process.execPath, ['-v']).pid;

describe('doctor --fix', () => {
  test('doctor --fix removes and names the leftover lock files of dead holders', async () => {
    const { directory, stateDir, args } = await doctorPlace();
    const actor = await startActor();
    await actor.call('gateway', { stateDir, port: 0 });
    await actor.kill();
    const before = await doctor(args);
    expect(before.of('locks').map(({ level, message }) => [level, message])).toEqual(
      [0, 1].map(() => ['info', expect.stringContaining(`is a leftover of pid ${actor.pid}, which is gone`)]),
    );
    const { code, of } = await doctor([...args, '--fix']);
    expect([code, of('fix').map(({ message }) => message)]).toEqual([
      0,
      [
        expect.stringMatching(/^removed .*gateway\.[0-9a-f]{8}\.lock$/),
        `removed ${join(directory, 'gateway.state.lock')}`,
      ],
    ]);
    expect(readdirSync(directory)).toEqual([]);
    expect(of('locks')[0]!.message).toBe('no locks held, no leftover lock files');
  });

  const self = () => ({ pid: process.pid, startTime: processStartToken(process.pid) });
  test.each([
    ['an older gateway that is alive', () => self(), false],
    ['an older gateway that may live on another host', () => ({ pid: 1, bootId: 'other', host: 'other' }), false],
    ['an older gateway that is dead', () => ({ pid: deadPid(), startTime: 1 }), true],
    ['a holder on another host', () => ({ pid: 1, bootId: 'other', host: 'other', kernelLock: true }), false],
    [
      'a holder from before the last boot',
      () => ({ pid: 1, bootId: 'other', host: hostname(), kernelLock: true }),
      true,
    ],
  ])('doctor --fix removes the lock file of %s only if that owner is provably dead', async (_, record, removed) => {
    const { directory, args } = await doctorPlace();
    const path = join(directory, 'gateway.12345678.lock');
    writeOlderRecord(path, record());
    const before = snapshotOf(path);
    const { code } = await doctor([...args, '--fix']);
    expect([code, existsSync(path)]).toEqual([0, !removed]);
    if (!removed) expect(snapshotOf(path)).toEqual(before);
  });

  test.each(['', 'root:x:0:0\n', '{"name":"x"}', `{"pid":${2 ** 31 - 1}}`])(
    'doctor --fix keeps the file of --lock if this package did not write its content: %j',
    async (content) => {
      const path = join(freshDirectory(), 'package.json');
      writeFileSync(path, content);
      utimesSync(path, new Date(0), new Date(0));
      const before = snapshotOf(path);
      const { of } = await doctor(['--fix', '--port', `${await freePort()}`, '--lock', path]);
      expect([of('fix'), snapshotOf(path)]).toEqual([[], before]);
    },
  );

  test('doctor --fix removes the file of --lock if it is a leftover of a killed holder', async () => {
    const path = join(freshDirectory(), 'job.lock');
    const actor = await startActor();
    await actor.call('tryAcquire', path);
    await actor.kill();
    await doctor(['--fix', '--port', `${await freePort()}`, '--lock', path]);
    expect(existsSync(path)).toBe(false);
  });

  test('doctor --fix removes a lock file without an owner only if the file is old, because an older gateway may be writing it', async () => {
    const { directory, args } = await doctorPlace();
    for (const name of ['gateway.00000001.lock', 'gateway.00000002.lock'])
      writeFileSync(join(directory, name), '{"pid":');
    utimesSync(join(directory, 'gateway.00000001.lock'), new Date(0), new Date(0));
    await doctor([...args, '--fix']);
    expect(readdirSync(directory)).toEqual(['gateway.00000002.lock']);
  });
});
