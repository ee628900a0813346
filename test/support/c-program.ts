// Compiles the small C programs and libraries in test/fixtures.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Missing } from './capabilities.js';
import { freshDirectory } from './directories.js';

/** Compiles test/fixtures/NAME.c. Returns the path of the program. */
export function compileProgram(name: string): string {
  return compile(name, join(freshDirectory(), name));
}

/** Compiles test/fixtures/NAME.c as a library for LD_PRELOAD. Returns the path of the library. */
export function compileLibrary(name: string): string {
  return compile(name, join(freshDirectory(), `${name}.so`), '-shared', '-fPIC', '-ldl');
}

/** Returns a reason if there is no C compiler that finds the header of Linux. */
export function whyNoLinuxCompiler(header: string): Missing {
  const args = ['-fsyntax-only', '-x', 'c', '-'];
  const { error, status } = spawnSync('cc', args, { input: `#include <${header}>\n` });
  if (error !== undefined) return `needs a C compiler (cc): ${error.message}`;
  return status === 0 ? null : `needs <${header}>, which this system lacks`;
}

function compile(name: string, output: string, ...flags: string[]): string {
  const source = fileURLToPath(new URL(`../fixtures/${name}.c`, import.meta.url));
  execFileSync('cc', ['-O1', '-Wall', '-o', output, source, ...flags], { stdio: 'pipe' });
  return output;
}
