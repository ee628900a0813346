import { describe, expect, test } from 'vitest';
import { type DetectSupervisorOptions, detectSupervisor, type Supervisor } from '../../src/index.js';

type Row = [env: Record<string, string>, supervisor: Supervisor | null];

const title = 'detectSupervisor() returns for the environment %o: %s';
const inBackground = { terminal: false };
const atTerminal = { terminal: true };

describe('the <APP>_* variables count, with or without a terminal', () => {
  const rows: Row[] = [
    [{ GATEWAY_SUPERVISOR_MODE: 'external' }, 'external'],
    [{ GATEWAY_SUPERVISOR_MODE: 'internal' }, null],
    [{ GATEWAY_SUPERVISOR_MODE: 'EXTERNAL' }, null],
    [{ GATEWAY_SYSTEMD_UNIT: 'gateway.service' }, 'systemd'],
    [{ GATEWAY_LAUNCHD_LABEL: 'ai.gateway' }, 'launchd'],
    [{ GATEWAY_WINDOWS_TASK_NAME: 'Gateway' }, 'schtasks'],
    [{ GATEWAY_SERVICE_MARKER: 'gateway', GATEWAY_SERVICE_KIND: 'gateway' }, 'schtasks'],
    [{ GATEWAY_SERVICE_MARKER: 'gateway' }, null],
    [{ GATEWAY_SERVICE_KIND: 'gateway' }, null],
    [{ GATEWAY_SERVICE_MARKER: 'gateway', GATEWAY_SERVICE_KIND: 'node' }, null],
  ];
  test.each(rows)(title, (env, supervisor) => {
    expect(detectSupervisor(env, inBackground)).toBe(supervisor);
    expect(detectSupervisor(env, atTerminal)).toBe(supervisor);
  });
});

describe('the variables that the supervisors set count only without a terminal', () => {
  const rows: Row[] = [
    [{ INVOCATION_ID: '0123456789abcdef0123456789abcdef' }, 'systemd'],
    [{ SYSTEMD_EXEC_PID: '1' }, 'systemd'],
    [{ JOURNAL_STREAM: '8:12345' }, 'systemd'],
    [{ LAUNCH_JOB_LABEL: 'ai.gateway' }, 'launchd'],
    [{ LAUNCH_JOB_NAME: 'ai.gateway' }, 'launchd'],
    [{ XPC_SERVICE_NAME: 'ai.gateway' }, 'launchd'],
    [{ XPC_SERVICE_NAME: '0' }, null],
    [{ XPC_SERVICE_NAME: 'application.com.apple.Terminal.1152921500311879701.1' }, null],
    [{ XPC_SERVICE_NAME: '0', LAUNCH_JOB_LABEL: 'ai.gateway' }, 'launchd'],
    [{ XPC_SERVICE_NAME: 'applications' }, 'launchd'],
    [{ pm_id: '0' }, 'pm2'],
    [{ SUPERVISOR_ENABLED: '1' }, 'supervisord'],
    [{ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, null],
    [{}, null],
    [{ PATH: '/bin', HOME: '/root', NOTIFY_SOCKET: '/run/systemd/notify' }, null],
  ];
  test.each(rows)(title, (env, supervisor) => {
    expect(detectSupervisor(env, inBackground)).toBe(supervisor);
    expect(detectSupervisor(env, atTerminal)).toBeNull();
  });
});

describe('detectSupervisor() at a terminal', () => {
  test('at a terminal SYSTEMD_EXEC_PID counts only if its value is the pid of this process', () => {
    expect(detectSupervisor({ SYSTEMD_EXEC_PID: String(process.pid) }, atTerminal)).toBe('systemd');
    expect(detectSupervisor({ SYSTEMD_EXEC_PID: String(process.ppid) }, atTerminal)).toBeNull();
  });

  test('at a terminal no variable of systemd or launchd except SYSTEMD_EXEC_PID counts', () => {
    const env = { SYSTEMD_EXEC_PID: String(process.ppid), INVOCATION_ID: 'a', JOURNAL_STREAM: '8:1' };
    expect(detectSupervisor(env, atTerminal)).toBeNull();
    expect(detectSupervisor({ ...env, XPC_SERVICE_NAME: 'ai.gateway' }, atTerminal)).toBeNull();
  });
});

describe('an empty environment variable', () => {
  const names = [
    'GATEWAY_SUPERVISOR_MODE',
    'GATEWAY_SYSTEMD_UNIT',
    'GATEWAY_LAUNCHD_LABEL',
    'GATEWAY_WINDOWS_TASK_NAME',
    'INVOCATION_ID',
    'SYSTEMD_EXEC_PID',
    'JOURNAL_STREAM',
    'LAUNCH_JOB_LABEL',
    'LAUNCH_JOB_NAME',
    'XPC_SERVICE_NAME',
    'pm_id',
    'SUPERVISOR_ENABLED',
  ];
  test.each(names)('%s counts as unset if it is empty', (name) => {
    expect(detectSupervisor({ [name]: '' }, inBackground)).toBeNull();
    expect(detectSupervisor({ [name]: '' }, atTerminal)).toBeNull();
  });

  test('GATEWAY_SERVICE_MARKER counts as unset if it is empty', () => {
    const env = { GATEWAY_SERVICE_MARKER: '', GATEWAY_SERVICE_KIND: 'gateway' };
    expect(detectSupervisor(env, inBackground)).toBeNull();
  });
});

describe('an <APP>_* variable takes precedence over the variables of the system', () => {
  const rows: Row[] = [
    [{ GATEWAY_SUPERVISOR_MODE: 'external', GATEWAY_SYSTEMD_UNIT: 'a', INVOCATION_ID: 'b' }, 'external'],
    [{ GATEWAY_LAUNCHD_LABEL: 'ai.gateway', INVOCATION_ID: 'b' }, 'launchd'],
    [{ GATEWAY_WINDOWS_TASK_NAME: 'Gateway', XPC_SERVICE_NAME: 'ai.other' }, 'schtasks'],
  ];
  test.each(rows)(title, (env, supervisor) => expect(detectSupervisor(env, inBackground)).toBe(supervisor));
});

describe('PM2 and supervisord take precedence over systemd, which may have started them', () => {
  const systemd = { INVOCATION_ID: 'a', SYSTEMD_EXEC_PID: '1', JOURNAL_STREAM: '8:1' };
  const rows: Row[] = [
    [{ ...systemd, pm_id: '0' }, 'pm2'],
    [{ ...systemd, SUPERVISOR_ENABLED: '1' }, 'supervisord'],
  ];
  test.each(rows)(title, (env, supervisor) => expect(detectSupervisor(env, inBackground)).toBe(supervisor));
});

describe('detectSupervisor() with the option app', () => {
  const rows: Row[] = [
    [{ OPENCLAW_SYSTEMD_UNIT: 'openclaw-gateway.service' }, 'systemd'],
    [{ OPENCLAW_LAUNCHD_LABEL: 'ai.openclaw.gateway' }, 'launchd'],
    [{ OPENCLAW_WINDOWS_TASK_NAME: 'OpenClaw Gateway' }, 'schtasks'],
    [{ OPENCLAW_SERVICE_MARKER: 'openclaw', OPENCLAW_SERVICE_KIND: 'gateway' }, 'schtasks'],
    [{ OPENCLAW_SERVICE_MARKER: 'openclaw', OPENCLAW_SERVICE_KIND: 'node' }, null],
    [{ OPENCLAW_SUPERVISOR_MODE: 'external' }, 'external'],
    [{ GATEWAY_SYSTEMD_UNIT: 'gateway.service' }, null],
  ];
  test.each(rows)(`only the variables of app 'openclaw' count: ${title}`, (env, supervisor) => {
    expect(detectSupervisor(env, { ...inBackground, app: 'openclaw' })).toBe(supervisor);
  });

  test('a hyphen in the name of an app becomes an underscore in its variables', () => {
    expect(detectSupervisor({ MY_APP_SYSTEMD_UNIT: 'a' }, { ...inBackground, app: 'my-app' })).toBe('systemd');
  });
});

test('without arguments, detectSupervisor() reads the environment of this process', () => {
  expect([null, 'systemd', 'launchd', 'schtasks', 'pm2', 'supervisord', 'external']).toContain(detectSupervisor());
});

test.each([
  ['an app that is not a name', '../etc', 'ERR_INVALID_ARG_VALUE'],
  ['an empty app', '', 'ERR_INVALID_ARG_VALUE'],
  ['an app that is not a string', 7, 'ERR_INVALID_ARG_TYPE'],
])('detectSupervisor() throws for %s', (_, app, code) => {
  const detect = () => detectSupervisor({}, { app } as DetectSupervisorOptions);
  expect(detect).toThrow(expect.objectContaining({ code }));
});
