// Where a program is, as a shell would find it; found before anything is locked.
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { programCandidates } from '../index.js';
import { EXIT } from './exit-codes.js';

/** @throws {ProgramError} */
export function findProgram(name: string): string {
  const candidates = programCandidates(name);
  const file = candidates.find(isProgram);
  if (file !== undefined) return file;
  if (candidates.some(existsSync))
    throw new ProgramError(`cannot run '${name}': not an executable file`, EXIT.cannotRun);
  throw new ProgramError(`cannot run '${name}': there is no such program`, EXIT.notFound);
}

export class ProgramError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
  } catch {
    return false;
  }
  try {
    return statSync(path).isFile();
  } catch (error) {
    return isAppAlias(path, error as NodeJS.ErrnoException);
  }
}

/**
 * Windows starts an app execution alias (python.exe and pwsh.exe of the Microsoft Store, winget.exe), and lets nobody look at the
 * file behind it: stat() fails although access() does not (nodejs/node#36790).
 */
function isAppAlias(path: string, { code }: NodeJS.ErrnoException): boolean {
  return /\.(com|exe)$/i.test(path) && ['EACCES', 'EPERM', 'UNKNOWN'].includes(code ?? '');
}
