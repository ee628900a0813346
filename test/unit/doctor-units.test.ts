import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { judgeJob } from '../../src/cli/commands/doctor/launchd-job.js';
import { judgeService, judgeSocket, mentions, parseUnit } from '../../src/cli/commands/doctor/systemd-unit.js';

const service = (lines: string) => parseUnit(`[Service]\nExecStart=/usr/bin/gateway-lock serve\n${lines}`);
const messages = (lines: string, certain = true) =>
  judgeService('a.service', service(lines), certain).map(({ level, message }) => `${level}: ${message.slice(11)}`);

describe('parseUnit', () => {
  test('joins continued lines, drops comments, keeps every value in order', () => {
    const unit = parseUnit('; no\n[Service]\n# Restart=no\nEnvironment=A=1 \\\n  B=2\nEnvironment=C=3\n');
    expect(unit.get('Service.Environment')).toEqual(['A=1    B=2', 'C=3']);
    expect(unit.has('Service.Restart')).toBe(false);
  });

  test('an empty value takes back those before it', () => {
    expect(parseUnit('[Service]\nExecStart=/a\nExecStart=\nExecStart=/b').get('Service.ExecStart')).toEqual(['/b']);
  });
});

describe('a service', () => {
  test('as this command prints it is right', () => {
    expect(messages('Restart=always\nRestartSec=5\nRestartPreventExitStatus=78\nKillMode=mixed')).toEqual([]);
  });

  test.each(['always', 'on-failure'])('with Restart=%s alone starts a duplicate forever', (restart) => {
    expect(messages(`Restart=${restart}\nRestartSec=5`)).toEqual([expect.stringMatching(/^error: .*forever/)]);
    expect(messages(`Restart=${restart}\nRestartSec=5`, false)).toEqual([expect.stringMatching(/^warning: /)]);
  });

  test.each([
    'Restart=always\nRestartPreventExitStatus=1 CONFIG',
    'Restart=on-failure\nSuccessExitStatus=78',
    'Restart=on-abnormal',
    'Restart=no',
  ])('that is not started again after 78 is right: %j', (lines) => {
    expect(messages(`${lines}\nRestartSec=5`)).toEqual([]);
  });

  test('that takes 780 for 78, or takes 78 back, is not', () => {
    expect(messages('Restart=always\nRestartSec=5\nRestartPreventExitStatus=780')).toHaveLength(1);
    expect(
      messages('Restart=always\nRestartSec=5\nRestartPreventExitStatus=78\nRestartPreventExitStatus='),
    ).toHaveLength(1);
    expect(messages('Restart=always\nRestartSec=5\nSuccessExitStatus=78')).toHaveLength(1);
  });

  test('without RestartSec, or with KillMode=process, gets a warning', () => {
    expect(messages('Restart=always\nRestartPreventExitStatus=78')).toEqual([expect.stringContaining('RestartSec')]);
    expect(messages('KillMode=process')).toEqual([expect.stringMatching(/^warning: .*KillMode=process/)]);
  });
});

test('a unit is about an app only when its name stands alone', () => {
  const unit = parseUnit('[Service]\nExecStart=/usr/bin/node /opt/openclaw/main.js api-gateway');
  expect([mentions(unit, 'openclaw'), mentions(unit, 'gateway'), mentions(unit, 'gateway-lock')]).toEqual([
    true,
    false,
    false,
  ]);
});

test.each([
  ['18789', true],
  ['127.0.0.1:18789', true],
  ['[::1]:18789', true],
  ['118789', false],
  ['/run/18789', false],
])('a socket unit with ListenStream=%s takes port 18789: %s', (place, takes) => {
  expect(judgeSocket('a.socket', parseUnit(`[Socket]\nListenStream=${place}`), 18789)).toHaveLength(takes ? 1 : 0);
});

test('a launchd job that keeps alive without --park, or has Sockets, gets a warning', () => {
  const keepAlive = '<key>KeepAlive</key>\n  <true/>';
  expect(judgeJob('a.plist', `<array><string>--park</string></array>${keepAlive}`)).toEqual([]);
  expect(judgeJob('a.plist', keepAlive)).toHaveLength(1);
  expect(judgeJob('a.plist', '<key>KeepAlive</key><dict/><key>Sockets</key>')).toHaveLength(1);
});

describe('the program of a launchd job', () => {
  const job = (program: string, ...words: string[]) =>
    `<key>ProgramArguments</key><array>${[program, '--park', ...words].map((word) => `<string>${word}</string>`).join('')}</array>`;
  const levels = (plist: string) => judgeJob('a.plist', plist).map(({ level, message }) => `${level}: ${message}`);

  test('that is there is right', () => {
    expect(levels(job(process.execPath))).toEqual([]);
  });

  test('that is not there is an error', () => {
    const missing = join(tmpdir(), 'no', 'such', 'Cellar', 'node', '1', 'bin', 'node');
    expect(levels(job(missing))).toEqual([`error: a.plist: its program ${missing} is not there`]);
  });

  test('or its script in the folder of a version gets a warning', () => {
    const script = '/opt/homebrew/Cellar/gateway-lock/1.2.3/libexec/main.js';
    expect(levels(job(process.execPath, script))).toEqual([`warning: a.plist: brew upgrade removes ${script}`]);
  });

  test('that works in a folder which macOS keeps from launchd jobs gets a warning', () => {
    const state = join(homedir(), 'Documents', 'a&b');
    const plist = job(process.execPath, state.replace('&', '&amp;'));
    expect(levels(plist)).toEqual([`warning: a.plist: macOS keeps launchd jobs out of ${state}`]);
    expect(judgeJob('a.plist', plist)[0]!.advice).toContain('Privacy & Security');
  });
});
