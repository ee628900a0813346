#!/usr/bin/env node
// Replaces node-gyp, which prebuildify calls: builds with cmake-js and zig instead. Runs in the
// folder whose build/Release prebuildify reads afterwards.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const { PREBUILD_SOURCES: sources, PREBUILD_CMAKE: definitions, PREBUILD_CMAKE_JS: cmakeJs } = process.env;
const { status } = spawnSync(
  process.execPath,
  [
    cmakeJs,
    'rebuild',
    '--directory',
    sources,
    '--out',
    join(process.cwd(), 'build'),
    '--config',
    'MinSizeRel',
    '--parallel',
    '2',
    ...Object.entries(JSON.parse(definitions)).map(([name, value]) => `--CD${name}=${value}`),
  ],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
