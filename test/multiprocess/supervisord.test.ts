// Gateways as programs of a real supervisord.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { probeHealth } from '../../src/index.js';
import { type Missing, need } from '../support/capabilities.js';
import { COMMAND, type Running, start } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/until.js';

function whyNoSupervisord(): Missing {
  return spawnSync('supervisord', ['--version']).status === 0 ? null : 'needs supervisord: apt-get install supervisor';
}

/**
 * Returns a shell script that starts a duplicate as soon as the gateway on the port is healthy.
 */
function duplicateOf(gateway: string, port: number): string {
  const check = `${process.execPath} -e "fetch('http://127.0.0.1:${port}/healthz').catch(() => process.exit(1))"`;
  return `until ${check}; do sleep 0.1; done\nexec ${gateway}\n`;
}

/** Starts a supervisord that runs a gateway, and a duplicate with the settings. */
function startSupervisord(port: number, settings: readonly string[]): Running {
  const directory = freshDirectory();
  const gateway = `${process.execPath} ${COMMAND} serve --port ${port} --state-dir ${join(directory, 'state')}`;
  const [config, script] = ['supervisord.conf', 'duplicate.sh'].map((name) => join(directory, name));
  writeFileSync(script!, duplicateOf(gateway, port));
  // Without childlogdir, supervisord writes the logs of its programs to /tmp, and first removes the
  // logs of every other supervisord there (clear_autochildlogdir in its options.py).
  const files = [`logfile=${join(directory, 'log')}`, `pidfile=${join(directory, 'pid')}`, `childlogdir=${directory}`];
  const programs = ['[program:gateway]', `command=${gateway}`, '[program:duplicate]', `command=sh ${script}`];
  writeFileSync(config!, ['[supervisord]', ...files, ...programs, ...settings, ''].join('\n'));
  const supervisord = start([], { program: ['supervisord', '--nodaemon', '--configuration', config!] });
  // Only supervisord itself ends its programs, because each is the leader of a process group.
  onTestFinished(async () => {
    supervisord.child.kill('SIGTERM');
    await supervisord.ended;
  });
  return supervisord;
}

test.for([
  { settings: ['startsecs=0'], end: 'exited: duplicate (exit status 0; expected)' },
  { settings: ['startsecs=60', 'startretries=1'], end: 'gave up: duplicate entered FATAL state' },
])(
  'supervisord with $settings does not start a duplicate of a healthy gateway forever',
  async ({ settings, end }, ctx) => {
    need(ctx, whyNoSupervisord());
    const port = await freePort();
    const supervisord = startSupervisord(port, settings);
    await until(() => supervisord.out.includes(end), `${end} in the log of supervisord`, 50_000);
    expect(await probeHealth({ port })).toMatchObject({ healthy: true });
  },
);
