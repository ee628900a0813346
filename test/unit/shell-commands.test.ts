import { afterEach, describe, expect, test, vi } from 'vitest';
import { launchdDenialAdvice, restrictAccessCommand } from '../../src/native/shell-commands.js';

afterEach(() => vi.unstubAllEnvs());

describe('the command that makes a directory private', () => {
  test('on Windows is icacls with quoted grants for the account, the owner, the system and the administrators', () => {
    vi.stubEnv('USERDOMAIN', 'WORK');
    vi.stubEnv('USERNAME', 'some one');
    expect(restrictAccessCommand('C:\\a b', 'win32')).toBe(
      'icacls "C:\\a b" /inheritance:r /grant:r "WORK\\some one:(OI)(CI)F" "*S-1-3-4:(OI)(CI)F" "*S-1-5-18:(OI)(CI)F" "*S-1-5-32-544:(OI)(CI)F"',
    );
  });

  test('on other systems is chmod with the path quoted for a shell', () => {
    expect(restrictAccessCommand("/a'b", 'linux')).toBe("chmod 700 '/a'\\''b'");
  });
});

describe('the advice about macOS privacy settings', () => {
  const advice = (code: string, XPC_SERVICE_NAME?: string, platform: NodeJS.Platform = 'darwin') =>
    launchdDenialAdvice(code, { platform, env: { XPC_SERVICE_NAME } });

  test('the advice about macOS privacy settings names the settings if macOS denies a launchd job access to a file', () => {
    expect(advice('EPERM', 'org.example.gateway')).toContain('Privacy & Security');
  });

  test.each([
    ['after an error other than EPERM', 'EACCES', 'org.example.gateway', 'darwin'],
    ['to a program in a shell', 'EPERM', '0', 'darwin'],
    ['to a program that a user has opened', 'EPERM', 'application.com.example', 'darwin'],
    ['to a process that is not a launchd job', 'EPERM', undefined, 'darwin'],
    ['on a system other than macOS', 'EPERM', 'org.example.gateway', 'linux'],
  ] as const)('the advice about macOS privacy settings is not given %s', (_case, code, job, platform) => {
    expect(advice(code, job, platform)).toBe('');
  });
});
