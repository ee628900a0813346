// Checks the types of the program with each version of TypeScript and each way to resolve a module.
// Also checks the declarations of the package itself (skipLibCheck is off).
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';

const VERSIONS = ['5.0', '5.9', '6.0', '7.0'];
const OPTIONS = '--noEmit --strict --exactOptionalPropertyTypes --target es2022 --types node'.split(' ');
const RESOLUTIONS = [
  ['program.ts', '--module', 'commonjs', '--moduleResolution', 'node10'],
  ['program.ts', 'program.mts', '--module', 'node16'],
  ['program.ts', 'program.mts', '--module', 'nodenext'],
  ['program.ts', '--module', 'esnext', '--moduleResolution', 'bundler'],
];

copyFileSync('program.ts', 'program.mts');
const failures = VERSIONS.flatMap((version) =>
  RESOLUTIONS.filter((resolution) => exists(version, resolution)).map((args) => check(version, args)),
).filter((text) => text !== '');
console.log(failures.join('\n') || 'no errors');

/** TypeScript 7 has no node10 resolution. */
function exists(version, resolution) {
  return version !== '7.0' || !resolution.includes('node10');
}

function check(version, args) {
  // TypeScript 6 warns that node10 resolution is deprecated.
  const deprecated = version === '6.0' && args.includes('node10') ? ['--ignoreDeprecations', '6.0'] : [];
  const compiler = `node_modules/typescript-${version}/bin/tsc`;
  const { status, stdout } = spawnSync(process.execPath, [compiler, ...OPTIONS, ...args, ...deprecated]);
  return status === 0 ? '' : `TypeScript ${version}, ${args.join(' ')}: ${stdout}`;
}
