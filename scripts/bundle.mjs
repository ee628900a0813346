// Bundles src/ into one JavaScript file per entry point, because Node takes about 1 ms to find,
// read and link each of the 30 small files in src/. Also writes the man page dist/gateway-lock.1
// from the definitions behind --help. tsc writes the type declarations.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from './prepare.mjs';

const OPTIONS = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  sourcemap: true,
  // Removes comments and indentation: they are a quarter of the text, and reading them takes 0.7
  // ms, a quarter of the import time. Keeps names and short lines, so that stack traces stay
  // readable.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 120,
};

/**
 * Keeps the library out of the bundle of the gateway-lock command, which imports the library from
 * dist/index.js, as every other program does.
 */
const library = {
  name: 'library',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^(\.\.\/)+(cluster\/)?index\.js$/ }, ({ path }) => ({
      path: `../${path.replace(/^(\.\.\/)+/, '')}`,
      external: true,
    })),
};

/**
 * Replaces imports of Node's modules with process.getBuiltinModule(), because an import statement
 * makes Node read every export of the module. Importing node:fs, for example, loads all stream
 * modules, which takes 2 ms, longer than loading the rest of this package. Replaces the relative
 * URL of prebuilds/ in src/native/addon-files.ts with the URL that is relative to the bundle.
 */
const sources = (prebuilds) => ({
  name: 'sources',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, ({ path }) => ({
      contents: withoutImports(readFileSync(path, 'utf8')).replaceAll("'../../prebuilds/", `'${prebuilds}/`),
      loader: 'ts',
    })),
});

/** The first statement of the library, because older versions of Node lack the function. */
const CHECK_NODE = `if (!process.getBuiltinModule) throw Object.assign(new Error(\`gateway-lock needs Node 20.19, 22.12 or newer. This is Node \${process.versions.node} (\${process.execPath}).\`), { code: 'ERR_NATIVE_MISSING' });`;

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

await buildLibrary('src/index.ts', 'dist/index.js', '../prebuilds');
await buildLibrary('src/cluster/index.ts', 'dist/cluster/index.js', '../../prebuilds');
await build({ ...OPTIONS, entryPoints: ['src/cli/main.ts'], outfile: 'dist/cli/main.js', plugins: [library] });
await writeManPage();

async function buildLibrary(entry, outfile, prebuilds) {
  await build({
    ...OPTIONS,
    entryPoints: [entry],
    outfile,
    plugins: [sources(prebuilds)],
    banner: { js: CHECK_NODE },
  });
}

async function writeManPage() {
  const contents = "export { manPage } from './man-page.js'; export { createProgram } from './program.js';";
  const stdin = { contents, resolveDir: `${root}/src/cli`, loader: 'ts' };
  const outfile = `${root}/dist/cli/man-page.js`;
  await build({ ...OPTIONS, stdin, outfile, sourcemap: false, plugins: [library] });
  const { manPage, createProgram } = await import(pathToFileURL(outfile).href);
  writeFileSync(`${root}/dist/gateway-lock.1`, manPage(createProgram()));
  rmSync(outfile);
}
