#!/usr/bin/env node
import { CommanderError } from 'commander';
import { exitCodeOf } from './exit-codes.js';
import { errorLine, say } from './output.js';
import { createProgram } from './program.js';

try {
  await createProgram().parseAsync();
} catch (error) {
  // commander has already printed its own errors.
  if (!(error instanceof CommanderError)) say(errorLine(error));
  process.exitCode = exitCodeOf(error);
}
