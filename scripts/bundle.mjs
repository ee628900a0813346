// Bundles src/ into one JavaScript file per entry point, because Node takes about 1 ms to find,
// read and link each of the 30 small files in src/. Also writes the man page dist/gateway-lock.1
// from the definitions behind --help. tsc writes the type declarations.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { writeDeclarations } from './declarations.mjs';
import { root } from './prepare.mjs';

const OPTIONS = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  // Removes comments and indentation: they are a quarter of the text, and reading them takes 0.7
  // ms, a quarter of the import time. Keeps names and short lines, so that stack traces stay
  // readable.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 120,
};

/**
 * Keeps gateway-lock/cluster out of the bundle of the gateway-lock command, which loads it on
 * demand. The rest of the library is in the bundle, because the command also uses functions that
 * the package does not export.
 */
const cluster = {
  name: 'cluster',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^(\.\.\/)+cluster\/index\.js$/ }, () => ({ path: '../cluster/index.js', external: true })),
};

/**
 * Replaces imports of Node's modules with process.getBuiltinModule(), because an import statement
 * makes Node read every export of the module. Importing node:fs, for example, loads all stream
 * modules, which takes 2 ms, longer than loading the rest of this package. src/cli keeps its
 * imports.
 */
const builtins = {
  name: 'builtins',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, ({ path }) =>
      path.includes(`src${sep}cli${sep}`)
        ? undefined
        : { contents: withoutImports(readFileSync(path, 'utf8')), loader: 'ts' },
    ),
};

/**
 * Modules that Node does not load at startup. The bundle loads them on the first call of one of
 * their functions, which most programs never make.
 */
const LAZY = ['node:diagnostics_channel', 'node:module', 'node:os'];

function withoutImports(source) {
  return source.replace(/^import \{(.*?)\} from '(node:.*)';$/gm, (_, names, module) => {
    const values = names.split(',').filter((name) => !/^ *type /.test(name));
    const loaded = `process.getBuiltinModule('${module}')`;
    if (!LAZY.includes(module)) return `const {${values.join().replaceAll(' as ', ': ')}} = ${loaded};`;
    return values.map((name) => `const ${name.trim()} = (...args) => ${loaded}.${name.trim()}(...args);`).join(' ');
  });
}

/**
 * The CommonJS build, for require(). It declares import.meta.url, which CommonJS lacks.
 */
const COMMON_JS = {
  format: 'cjs',
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "'use strict';const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
};

for (const name of ['index', 'cluster/index']) {
  const entry = { ...OPTIONS, entryPoints: [`src/${name}.ts`], plugins: [builtins] };
  await build({ ...entry, outfile: `dist/${name}.js` });
  await build({ ...entry, ...COMMON_JS, outfile: `dist/${name}.cjs` });
}
await build({
  ...OPTIONS,
  entryPoints: ['src/cli/main.ts'],
  outfile: 'dist/cli/main.js',
  plugins: [cluster, builtins],
});
await writeManPage();
writeDeclarations();

async function writeManPage() {
  const contents = "export { manPage } from './man-page.js'; export { createProgram } from './program.js';";
  const stdin = { contents, resolveDir: `${root}/src/cli`, loader: 'ts' };
  const outfile = `${root}/dist/cli/man-page.js`;
  await build({ ...OPTIONS, stdin, outfile, plugins: [cluster, builtins] });
  const { manPage, createProgram } = await import(pathToFileURL(outfile).href);
  writeFileSync(`${root}/dist/gateway-lock.1`, manPage(createProgram()));
  rmSync(outfile);
}
