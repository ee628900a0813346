import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { judgeJob } from '../../src/cli/commands/doctor/launchd-job.js';
import { judgeService, judgeSocket, mentions, parseUnit } from '../../src/cli/commands/doctor/systemd-unit.js';

const service = (lines: string) => parseUnit(`[Service]\nExecStart=/usr/bin/gateway-lock serve\n${lines}`);
const messages = (lines: string, certain = true) =>
  judgeService('a.service', service(lines), certain).map(({ level, message }) => `${level}: ${message.slice(11)}`);

describe('parseUnit()', () => {
  test('joins continued lines, drops comments and keeps the order of values', () => {
    const unit = parseUnit('; no\n[Service]\n# Restart=no\nEnvironment=A=1 \\\n  B=2\nEnvironment=C=3\n');
    expect(unit.get('Service.Environment')).toEqual(['A=1    B=2', 'C=3']);
    expect(unit.has('Service.Restart')).toBe(false);
  });

  test('clears the previous values of a setting at an empty value', () => {
    expect(parseUnit('[Service]\nExecStart=/a\nExecStart=\nExecStart=/b').get('Service.ExecStart')).toEqual(['/b']);
  });
});

describe('the check of a systemd service', () => {
  test('the check finds no problems in a service that `gateway-lock unit` printed', () => {
    expect(messages('Restart=always\nRestartSec=5\nRestartPreventExitStatus=78\nKillMode=mixed')).toEqual([]);
  });

  test.each(['always', 'on-failure'])(
    'the check reports an error for Restart=%s, with which systemd restarts a duplicate forever',
    (restart) => {
      expect(messages(`Restart=${restart}\nRestartSec=5`)).toEqual([expect.stringMatching(/^error: .*forever/)]);
      expect(messages(`Restart=${restart}\nRestartSec=5`, false)).toEqual([expect.stringMatching(/^warning: /)]);
    },
  );

  test.each([
    'Restart=always\nRestartPreventExitStatus=1 CONFIG',
    'Restart=on-failure\nSuccessExitStatus=78',
    'Restart=on-abnormal',
    'Restart=no',
  ])('the check finds no problems in a service that systemd does not restart after exit code 78: %j', (lines) => {
    expect(messages(`${lines}\nRestartSec=5`)).toEqual([]);
  });

  test('the check reports an error for exit code 780 instead of 78, for a cleared 78, and for SuccessExitStatus with Restart=always', () => {
    expect(messages('Restart=always\nRestartSec=5\nRestartPreventExitStatus=780')).toHaveLength(1);
    expect(
      messages('Restart=always\nRestartSec=5\nRestartPreventExitStatus=78\nRestartPreventExitStatus='),
    ).toHaveLength(1);
    expect(messages('Restart=always\nRestartSec=5\nSuccessExitStatus=78')).toHaveLength(1);
  });

  test('the check reports a warning for a service without RestartSec or with KillMode=process', () => {
    expect(messages('Restart=always\nRestartPreventExitStatus=78')).toEqual([expect.stringContaining('RestartSec')]);
    expect(messages('KillMode=process')).toEqual([expect.stringMatching(/^warning: .*KillMode=process/)]);
  });
});

test('a unit belongs to an app only if it contains the name of the app as a whole word', () => {
  const unit = parseUnit('[Service]\nExecStart=/usr/bin/node /opt/openclaw/main.js api-gateway');
  expect([mentions(unit, 'openclaw'), mentions(unit, 'gateway'), mentions(unit, 'gateway-lock')]).toEqual([
    true,
    false,
    false,
  ]);
});

test.each([
  ['18789', 1],
  ['127.0.0.1:18789', 0],
  ['[::1]:18789', 1],
  ['118789', 0],
  ['/run/18789', 0],
])('a socket unit with ListenStream=%s beside a gateway on 127.0.0.1:18789 has %s problems', (address, count) => {
  const unit = parseUnit(`[Socket]\nListenStream=${address}`);
  expect(judgeSocket('a.socket', unit, { host: '127.0.0.1', port: 18789 })).toHaveLength(count);
  expect(judgeSocket('a.socket', unit, { host: '127.0.0.1', port: 0 })).toHaveLength(0);
});

test('a launchd job with KeepAlive but without --park, or with Sockets, gets a warning', () => {
  const keepAlive = '<key>KeepAlive</key>\n  <true/>';
  expect(judgeJob('a.plist', `<array><string>--park</string></array>${keepAlive}`)).toEqual([]);
  expect(judgeJob('a.plist', keepAlive)).toHaveLength(1);
  expect(judgeJob('a.plist', '<key>KeepAlive</key><dict/><key>Sockets</key>')).toHaveLength(1);
});

describe('the check of the program of a launchd job', () => {
  const job = (program: string, ...words: string[]) =>
    `<key>ProgramArguments</key><array>${[program, '--park', ...words].map((word) => `<string>${word}</string>`).join('')}</array>`;
  const levels = (plist: string) => judgeJob('a.plist', plist).map(({ level, message }) => `${level}: ${message}`);

  test('the check finds no problems if the program exists', () => {
    expect(levels(job(process.execPath))).toEqual([]);
  });

  test('the check reports an error if the program does not exist', () => {
    const missing = join(tmpdir(), 'no', 'such', 'Cellar', 'node', '1', 'bin', 'node');
    expect(levels(job(missing))).toEqual([`error: a.plist: its program ${missing} does not exist`]);
  });

  test('the check reports a warning if the script is in the Homebrew folder of one version', () => {
    const script = '/opt/homebrew/Cellar/gateway-lock/1.2.3/libexec/main.js';
    expect(levels(job(process.execPath, script))).toEqual([
      `warning: a.plist: the next brew upgrade removes ${script}`,
    ]);
  });

  test('the check reports a warning if the job uses a folder to which macOS denies launchd jobs access', () => {
    const state = join(homedir(), 'Documents', 'a&b');
    const plist = job(process.execPath, state.replace('&', '&amp;'));
    expect(levels(plist)).toEqual([`warning: a.plist: macOS denies launchd jobs access to ${state}`]);
    expect(judgeJob('a.plist', plist)[0]!.advice).toContain('Privacy & Security');
  });
});
