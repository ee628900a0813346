// Builds the floor, the C++ program that follows the same lock protocol without Node.
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../scripts/prepare.mjs';

const SOURCES = fileURLToPath(new URL('floor', import.meta.url));
export const FLOOR = fileURLToPath(new URL('../build/bench/floor', import.meta.url));

export function buildFloor() {
  const files = readdirSync(SOURCES).map((name) => `${SOURCES}/${name}`);
  if (existsSync(FLOOR) && files.every((file) => statSync(file).mtimeMs < statSync(FLOOR).mtimeMs)) return;
  mkdirSync(dirname(FLOOR), { recursive: true });
  const sources = files.filter((file) => file.endsWith('.cc'));
  run('c++', ['-std=c++17', '-O2', '-Wall', '-Wextra', '-Werror', '-o', FLOOR, ...sources], 'building the floor');
}
