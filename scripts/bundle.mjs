// Bundles src/ into one JavaScript file per entry point, because Node would spend most of the import
// time on finding, reading and linking the small files of src/. Also writes the man page
// dist/gateway-lock.1 from the definitions behind --help. tsc writes the type declarations.
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
 * imports. `prebuilds` is the path of that folder, relative to the bundle.
 */
const sources = (prebuilds, format) => ({
  name: 'sources',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (path.includes(`src${sep}cli${sep}`)) return undefined;
      const source = withoutImports(readFileSync(path, 'utf8'));
      return { contents: withPrebuilds(source, prebuilds, format), loader: 'ts' };
    }),
});

/**
 * Adapts the URLs of the binaries in src/native/addon-files.ts to the folder of the bundle. In
 * CommonJS, file tracers find a file only by the path that is joined to `__dirname`.
 */
function withPrebuilds(source, prebuilds, format) {
  const url = format === 'cjs' ? 'toUrl(nodePath.join(__dirname, $1))' : 'new URL($1, import.meta.url)';
  const adapted = source.replace(/new URL\(('\.\.\/\.\.\/prebuilds\/[^']+'), import\.meta\.url\)/g, url);
  return adapted.replaceAll("'../../prebuilds/", `'${prebuilds}/`);
}

/** The first statement of each bundle, because older versions of Node lack getBuiltinModule(). */
const CHECK_NODE = `if (!process.getBuiltinModule) throw Object.assign(new Error(\`gateway-lock needs Node 20.19, 22.12 or newer. This is Node \${process.versions.node} (\${process.execPath}).\`), { code: 'ERR_NATIVE_MISSING' });`;

/** Declares what the CommonJS modules use in place of import.meta.url. */
const COMMON_JS = `'use strict';const nodePath = require('node:path'), toUrl = require('node:url').pathToFileURL, ownUrl = toUrl(__filename).href;`;

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

/** The command contains the library, so it also checks the version of Node. */
const COMMAND = { plugins: [cluster, sources('../../prebuilds', 'esm')], banner: { js: CHECK_NODE } };

await buildLibrary('index', '../prebuilds');
await buildLibrary('lock/index', '../../prebuilds');
await buildLibrary('cluster/index', '../../prebuilds');
await build({ ...OPTIONS, ...COMMAND, entryPoints: ['src/cli/main.ts'], outfile: 'dist/cli/main.js' });
await writeManPage();
writeDeclarations();

/** Builds an entry point as an ES module, and as a CommonJS module for require(). */
async function buildLibrary(name, prebuilds) {
  const entry = { ...OPTIONS, entryPoints: [`src/${name}.ts`] };
  const esm = { outfile: `dist/${name}.js`, plugins: [sources(prebuilds, 'esm')], banner: { js: CHECK_NODE } };
  await build({ ...entry, ...esm });
  const cjs = { format: 'cjs', define: { 'import.meta.url': 'ownUrl' }, banner: { js: COMMON_JS + CHECK_NODE } };
  await build({ ...entry, ...cjs, outfile: `dist/${name}.cjs`, plugins: [sources(prebuilds, 'cjs')] });
}

async function writeManPage() {
  const contents = "export { manPage } from './man-page.js'; export { createProgram } from './program.js';";
  const stdin = { contents, resolveDir: `${root}/src/cli`, loader: 'ts' };
  const outfile = `${root}/dist/cli/man-page.js`;
  await build({ ...OPTIONS, ...COMMAND, stdin, outfile });
  const { manPage, createProgram } = await import(pathToFileURL(outfile).href);
  writeFileSync(`${root}/dist/gateway-lock.1`, manPage(createProgram(), releaseDate()));
  rmSync(outfile);
}

/** Returns the date of this version in CHANGELOG.md, or today's date if it is not released yet. */
function releaseDate() {
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
  const headings = readFileSync(`${root}/CHANGELOG.md`, 'utf8').matchAll(/^## (\S+) - (\S+)$/gm);
  return new Map([...headings].map(([, released, date]) => [released, date])).get(version) ?? today();
}

function today() {
  return new Date().toISOString().slice(0, 10);
}
