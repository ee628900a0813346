import { afterEach, describe, expect, test, vi } from 'vitest';
import { launchdDenialAdvice, restrictAccessCommand } from '../../src/native/shell-commands.js';

afterEach(() => vi.unstubAllEnvs());

describe('the command that makes a directory private', () => {
  test('on Windows quotes each grant, and names the account, the owner, the system and the administrators', () => {
    vi.stubEnv('USERDOMAIN', 'WORK');
    vi.stubEnv('USERNAME', 'some one');
    expect(restrictAccessCommand('C:\\a b', 'win32')).toBe(
      'icacls "C:\\a b" /inheritance:r /grant:r "WORK\\some one:(OI)(CI)F" "*S-1-3-4:(OI)(CI)F" "*S-1-5-18:(OI)(CI)F" "*S-1-5-32-544:(OI)(CI)F"',
    );
  });

  test('on other systems is chmod, quoted for a shell', () => {
    expect(restrictAccessCommand("/a'b", 'linux')).toBe("chmod 700 '/a'\\''b'");
  });
});

describe('the advice for a launchd job that macOS denies a file', () => {
  const advice = (code: string, XPC_SERVICE_NAME?: string, platform: NodeJS.Platform = 'darwin') =>
    launchdDenialAdvice(code, { platform, env: { XPC_SERVICE_NAME } });

  test('names the macOS settings for such permissions', () => {
    expect(advice('EPERM', 'org.example.gateway')).toContain('Privacy & Security');
  });

  test.each([
    ['after another error', 'EACCES', 'org.example.gateway', 'darwin'],
    ['in a shell', 'EPERM', '0', 'darwin'],
    ['in a program that a person has opened', 'EPERM', 'application.com.example', 'darwin'],
    ['without the name of a job', 'EPERM', undefined, 'darwin'],
    ['on another system', 'EPERM', 'org.example.gateway', 'linux'],
  ] as const)('is empty %s', (_case, code, job, platform) => {
    expect(advice(code, job, platform)).toBe('');
  });
});
