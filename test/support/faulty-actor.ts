// Starts actors in which a system call fails on purpose, by preloading a library built from
// test/fixtures/faulty-calls.c.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Actor, startActor } from './actors.js';
import type { Missing } from './capabilities.js';
import { freshDirectory } from './directories.js';

const SOURCE = fileURLToPath(new URL('../fixtures/faulty-calls.c', import.meta.url));

/** Starts an actor with one fault, which applies to the lock file `path`. */
export async function startFaultyActor(fault: string, path: string): Promise<Actor> {
  const library = join(freshDirectory(), 'faulty-calls.so');
  compile(SOURCE, library);
  return startActor({ env: { ...process.env, LD_PRELOAD: preload(library), FAULT: fault, FAULT_PATH: path } });
}

/**
 * Returns a reason if no library can be preloaded. To find out, preloads a library that ends each
 * program with status 42.
 */
export function whyNoFaults(): Missing {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-lock-shim-'));
  try {
    const [source, library] = [join(directory, 'probe.c'), join(directory, 'probe.so')];
    writeFileSync(source, '#include <unistd.h>\n__attribute__((constructor)) void end(void) { _exit(42); }\n');
    compile(source, library);
    const { status } = spawnSync(process.execPath, ['-v'], { env: { ...process.env, LD_PRELOAD: preload(library) } });
    return status === 42 ? null : 'this system does not load a library with LD_PRELOAD';
  } catch (error) {
    return `cannot compile a shim with cc: ${(error as Error).message.split('\n')[0]}`;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Appends the library to LD_PRELOAD, because a sanitizer's runtime must come first. */
function preload(library: string): string {
  return [process.env['LD_PRELOAD'], library].filter(Boolean).join(' ');
}

function compile(source: string, library: string): void {
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'pipe' });
}
