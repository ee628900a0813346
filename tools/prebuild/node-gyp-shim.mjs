#!/usr/bin/env node
// prebuildify calls this script instead of node-gyp. It builds with cmake-js and zig into build/ in
// the working directory. prebuildify then reads the binary from build/Release/.
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
