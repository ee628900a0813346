// Capabilities of this machine. A test calls need(), which skips the test with a reason if a
// capability is missing.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { native } from '../../src/native/load.js';
import { programsInherit } from '../../src/native/platform.js';

/** Why a capability is missing. Null if it is available. */
export type Missing = string | null;

/** Skips the calling test if the capability is missing. */
export function need(ctx: TestContext, missing: Missing): void {
  if (missing !== null) ctx.skip(missing);
}

/** False in Bun, where http and https servers open their own socket. */
export const httpServersAdopt = !('bun' in process.versions);

export function whyNotRoot(): Missing {
  return process.getuid?.() === 0 ? null : 'needs root to act as another user';
}

export const whyNoPython: Missing = spawnSync('python3', ['--version']).status === 0 ? null : 'needs python3';

export function whyNoMount(): Missing {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-lock-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', directory], { stdio: 'pipe' });
    execFileSync('umount', [directory], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `cannot mount here: ${(error as Error).message.split('\n')[0]}`;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * True under Wine, where operations take ten times as long. Capabilities that Wine lacks are
 * detected separately below.
 */
export const isWine: boolean = existsSync('C:\\windows\\system32\\winecfg.exe');

export const whyNotWindows: Missing = process.platform === 'win32' ? null : 'needs Windows';

/** Symbolic links need a privilege on Windows. Wine reports success and creates no link. */
export const whyNoLinks: Missing = probeLinks();

function probeLinks(): Missing {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-lock-links-'));
  const link = join(directory, 'link');
  try {
    symlinkSync('target', link);
    return lstatSync(link).isSymbolicLink() ? null : 'this system creates no real symbolic links';
  } catch (error) {
    return `cannot make symbolic links here: ${(error as NodeJS.ErrnoException).code}`;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Windows has access control lists instead of file modes. Node maps only the read-only bit to a
 * mode.
 */
export const whyNoModes: Missing = probeModes();

function probeModes(): Missing {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-lock-modes-'));
  const file = join(directory, 'file');
  try {
    writeFileSync(file, '', { mode: 0o600 });
    return (statSync(file).mode & 0o077) === 0 ? null : 'this system has no file modes';
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function whyNoFifo(): Missing {
  return spawnSync('mkfifo', ['--version']).error === undefined ? null : 'this system has no mkfifo';
}

/** Windows has no signals: kill() always terminates the process. */
export const whyNoSignals: Missing = 'SIGSTOP' in constants.signals ? null : 'this system has no signals';

/** Whether descriptors, and with them locks, can be inherited. */
export const whyNoInheritance: Missing = programsInherit
  ? null
  : 'no program inherits a lock or a socket on this system';

export const whyNoShell: Missing =
  spawnSync('/bin/sh', ['-c', 'exit 3']).status === 3 ? null : 'this system has no /bin/sh';

/** A POSIX compiler. MinGW's compiler targets Windows and does not find <sys/file.h>. */
export function whyNoPosixCompiler(): Missing {
  const args = ['-fsyntax-only', '-x', 'c++', '-'];
  const { error, status } = spawnSync('c++', args, { input: '#include <sys/file.h>\n' });
  if (error !== undefined) return `needs c++: ${error.message}`;
  return status === 0 ? null : 'c++ does not compile for POSIX here';
}

export const whyNoCommandLines: Missing =
  native().commandLine(process.pid) === '' ? 'this system does not report command lines (Wine 8)' : null;
