// Runs Bun, whose program loses the execute permission if install scripts are disabled.
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';

const program = 'node_modules/@oven/bun-linux-x64/bin/bun';
chmodSync(program, 0o755);
process.exitCode = spawnSync(program, process.argv.slice(2), { stdio: 'inherit' }).status ?? 1;
