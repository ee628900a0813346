// Runs Jest in each Node, and prints the exit status.
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';

for (const line of [20, 22, 24]) {
  const node = `node_modules/node-${line}/bin/node`;
  chmodSync(node, 0o755);
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  const { status, stderr } = spawnSync(node, ['node_modules/jest/bin/jest.js'], { encoding: 'utf8' });
  if (status !== 0) console.error(stderr);
  console.log(`${version}: ${status}`);
}
