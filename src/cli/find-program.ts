// Where a program is, as a shell would find it; found before anything is locked.
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve, sep } from 'node:path';
import { EXIT } from './exit-codes.js';

/** @throws {ProgramError} */
export function findProgram(name: string): string {
  const candidates = name.includes(sep) ? [resolve(name)] : directories().map((directory) => join(directory, name));
  const file = candidates.find(isProgram);
  if (file !== undefined) return file;
  if (candidates.some(exists)) throw new ProgramError(`cannot run '${name}': not an executable file`, EXIT.cannotRun);
  throw new ProgramError(`cannot run '${name}': there is no such program`, EXIT.notFound);
}

export class ProgramError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** An empty part means the working directory. */
function directories(): string[] {
  return (process.env['PATH'] ?? '/usr/bin:/bin').split(delimiter).map((directory) => directory || '.');
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
