// Reads the documentation comments of the public interface with the TypeScript compiler.
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './markdown.js';

/** An export of an entry point, with its documentation comment. */
export interface DocumentedExport {
  readonly entry: string;
  readonly name: string;
  readonly summary: string;
  readonly examples: readonly string[];
}

const ENTRIES = { 'gateway-lock': 'src/index.ts', 'gateway-lock/cluster': 'src/cluster/index.ts' };

/** Returns the exports of all entry points. */
export function readExports(): readonly DocumentedExport[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const program = ts.createProgram(
    Object.values(ENTRIES).map((file) => join(ROOT, file)),
    options,
  );
  return Object.entries(ENTRIES).flatMap(([entry, file]) => exportsOf(program, entry, join(ROOT, file)));
}

function exportsOf(program: ts.Program, entry: string, file: string): DocumentedExport[] {
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
  return checker.getExportsOfModule(module).map((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const tags = symbol.getJsDocTags(checker).filter(({ name }) => name === 'example');
    return {
      entry,
      name: exported.name,
      summary: ts.displayPartsToString(symbol.getDocumentationComment(checker)),
      examples: tags.map(({ text }) => ts.displayPartsToString(text)),
    };
  });
}

/**
 * Returns an example as a module, which imports the exports of the package that the example uses.
 */
export function asModule({ entry }: DocumentedExport, example: string, all: readonly DocumentedExport[]): string {
  const ownFirst = all.toSorted((a, b) => Number(b.entry === entry) - Number(a.entry === entry));
  const program = example.replace(/^import .*$/gm, '');
  const imported = (example.match(/^import .*$/gm) ?? []).join();
  const uses = (text: string, name: string) => new RegExp(`\\b${name}\\b`).test(text);
  const used = ownFirst.filter(({ name }) => uses(program, name) && !uses(imported, name));
  const sources = new Map(used.toReversed().map((each) => [each.name, each.entry]));
  const imports = [...sources].map(([name, source]) => `import { ${name} } from '${source}';`);
  return [...imports, example, ''].join('\n');
}
