// Starts actors as another user, from a copy of the package, because that user may not be able to
// read this repository.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Actor, type ActorOptions, startActor } from './actors.js';
import { type Missing, whyNotRoot } from './capabilities.js';
import { freshDirectory } from './directories.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FIXTURE = 'test/fixtures/actor.mjs';
const RUNTIME = ['package.json', 'dist', 'build/Release', 'prebuilds', 'node_modules/node-gyp-build', FIXTURE];

/** The user who runs the actors, `nobody` on most systems. Any user except root would do. */
export const STRANGER = { uid: 65534, gid: 65534 };

/** Starts an actor as {@link STRANGER}, or as the user in `options`. */
export function startUnprivilegedActor(options: ActorOptions = {}): Promise<Actor> {
  const copy = copyRuntime();
  return startActor({ ...STRANGER, script: join(copy, FIXTURE), cwd: copy, ...readableArguments(), ...options });
}

/** The arguments of vitest's processes name a file in this repository. Deno needs its arguments. */
function readableArguments(): ActorOptions {
  return 'deno' in process.versions ? {} : { execArgv: [] };
}

export function whyNoStranger(): Missing {
  if (process.getuid?.() !== 0) return whyNotRoot();
  const { status, error } = spawnSync(process.execPath, ['-e', '0'], { ...STRANGER, cwd: '/' });
  return status === 0 ? null : `uid ${STRANGER.uid} cannot run ${process.execPath}: ${error?.message ?? status}`;
}

function copyRuntime(): string {
  const copy = freshDirectory();
  for (const path of RUNTIME.filter((one) => existsSync(join(ROOT, one)))) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  }
  execFileSync('chmod', ['-R', 'a+rX', copy]);
  return copy;
}
