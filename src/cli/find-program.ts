// Finds a program as a shell would. The commands do this before they lock anything.
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { programCandidates } from '../internal.js';
import { EXIT } from './exit-codes.js';

/**
 * Returns the path of the program.
 *
 * @throws {ProgramError} with exit code 126 if the program cannot be run, or 127 if it does not
 * exist
 */
export function findProgram(name: string): string {
  const candidates = programCandidates(name);
  const file = candidates.find(isProgram);
  if (file !== undefined) return file;
  if (candidates.some(existsSync))
    throw new ProgramError(`cannot run '${name}': not an executable file`, EXIT.cannotRun);
  throw new ProgramError(`cannot run '${name}': program not found`, EXIT.notFound);
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
 * Returns true for a Windows app execution alias: winget.exe, or python.exe and pwsh.exe from the
 * Microsoft Store. Windows can start an alias but denies access to the file behind it: access()
 * succeeds and stat() fails (nodejs/node#36790).
 */
function isAppAlias(path: string, { code }: NodeJS.ErrnoException): boolean {
  return /\.(com|exe)$/i.test(path) && ['EACCES', 'EPERM', 'UNKNOWN'].includes(code ?? '');
}
