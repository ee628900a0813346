// dist/: one file of JavaScript for each entry, because Node takes about a millisecond to find, read and link each of 30
// small ones; types are what tsc writes. And dist/gateway-lock.1, the manual page, from the same definitions as --help.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from './prepare.mjs';

const FORM = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  sourcemap: true,
  // A quarter of the text is comments and indentation, and reading that takes a quarter of the import: 0.7 ms. Names stay, and
  // lines stay short enough to be named in a stack trace.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 120,
};

/** The command imports the library's own file, as every other program does. */
const library = {
  name: 'library',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^(\.\.\/)+(cluster\/)?index\.js$/ }, ({ path }) => ({
      path: `../${path.replace(/^(\.\.\/)+/, '')}`,
      external: true,
    })),
};

/**
 * An import statement makes Node read every export of its module: for node:fs that loads all streams, and takes longer
 * than all the rest of this package (2 ms, unless the program has done it before).
 */
const builtins = {
  name: 'builtins',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, ({ path }) => ({ contents: withoutImports(readFileSync(path, 'utf8')), loader: 'ts' })),
};

/** Not loaded yet when a program begins. Their functions are called by few, so their first call loads them. */
const LATE = ['node:diagnostics_channel', 'node:module', 'node:os'];

function withoutImports(source) {
  return source.replace(/^import \{(.*?)\} from '(node:.*)';$/gm, (_, names, module) => {
    const values = names.split(',').filter((name) => !/^ *type /.test(name));
    const loaded = `process.getBuiltinModule('${module}')`;
    if (!LATE.includes(module)) return `const {${values.join().replaceAll(' as ', ': ')}} = ${loaded};`;
    return values.map((name) => `const ${name.trim()} = (...given) => ${loaded}.${name.trim()}(...given);`).join(' ');
  });
}

await build({ ...FORM, entryPoints: ['src/index.ts'], outfile: 'dist/index.js', plugins: [builtins] });
await build({ ...FORM, entryPoints: ['src/cluster/index.ts'], outfile: 'dist/cluster/index.js', plugins: [builtins] });
await build({ ...FORM, entryPoints: ['src/cli/main.ts'], outfile: 'dist/cli/main.js', plugins: [library] });
await writeManPage();

async function writeManPage() {
  const contents = "export { manPage } from './man-page.js'; export { createProgram } from './program.js';";
  const stdin = { contents, resolveDir: `${root}/src/cli`, loader: 'ts' };
  const outfile = `${root}/dist/cli/man-page.js`;
  await build({ ...FORM, stdin, outfile, sourcemap: false, plugins: [library] });
  const { manPage, createProgram } = await import(pathToFileURL(outfile).href);
  writeFileSync(`${root}/dist/gateway-lock.1`, manPage(createProgram()));
  rmSync(outfile);
}
