// Where a program is, as a shell would find it; found before anything is locked.
import { accessSync, constants, statSync } from 'node:fs';
import { programCandidates } from '../index.js';
import { EXIT } from './exit-codes.js';

/** @throws {ProgramError} */
export function findProgram(name: string): string {
  const candidates = programCandidates(name);
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
