// node tools/api/diff.mjs REVISION: prints how the exported interface differs from that of a git
// revision.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const [revision] = process.argv.slice(2);
if (revision === undefined) throw new Error('Expected a revision: node tools/api/diff.mjs main~10');
const ENTRIES = ['src/index.ts', 'src/cluster/index.ts'];

const before = mkdtempSync(join(tmpdir(), 'api-'));
mkdirSync(join(before, 'src'));
execFileSync('sh', ['-c', `git archive ${revision} src tsconfig.json package.json | tar -x -C '${before}'`]);
symlinkSync(resolve('node_modules'), join(before, 'node_modules'));
try {
  const old = interfaceOf(before);
  const now = interfaceOf(resolve('.'));
  for (const line of [...old].filter((each) => !now.has(each)).sort()) console.log(`- ${line}`);
  for (const line of [...now].filter((each) => !old.has(each)).sort()) console.log(`+ ${line}`);
} finally {
  rmSync(before, { recursive: true });
}

/**
 * Returns one line with the type of each export and of each of its members. Omits exports marked
 * @internal.
 */
function interfaceOf(root) {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram(
    ENTRIES.map((entry) => join(root, entry)),
    options,
  );
  return new Set(
    ENTRIES.flatMap((entry) => linesOf(program.getSourceFile(join(root, entry)), program.getTypeChecker(), root)),
  );
}

function linesOf(file, checker, root) {
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(file)).filter((symbol) => !isInternal(symbol));
  return symbols.flatMap((symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return describe(target, symbol.name, checker).map((line) =>
      line.replaceAll(root, '').replace(/__@(\w+)@\d+/, '[Symbol.$1]'),
    );
  });
}

function describe(symbol, name, checker) {
  const [declaration] = symbol.declarations;
  if (ts.isFunctionDeclaration(declaration)) return [`${name}${typeText(checker.getTypeOfSymbol(symbol), checker)}`];
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  if (type.isUnion() || type.flags & ts.TypeFlags.StringLiteral) return [`${name} = ${typeText(type, checker)}`];
  const members = type.getProperties().filter((member) => member.declarations?.some((each) => !isHidden(each)));
  return [
    name,
    ...members.map((member) => `${name}.${member.name}: ${typeText(checker.getTypeOfSymbol(member), checker)}`),
  ];
}

function typeText(type, checker) {
  return checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.InTypeAlias);
}

function isHidden(declaration) {
  if (declaration.name !== undefined && ts.isPrivateIdentifier(declaration.name)) return true;
  const inLibrary = declaration.getSourceFile().fileName.includes('/node_modules/');
  return inLibrary || ts.getJSDocTags(declaration).some((tag) => tag.tagName.text === 'internal');
}

/** Returns true if the export statement's comment contains the tag @internal. */
function isInternal(symbol) {
  const statement = symbol.declarations?.[0]?.parent?.parent;
  if (statement === undefined || !ts.isExportDeclaration(statement)) return false;
  return (
    ts.getJSDocTags(statement).some((tag) => tag.tagName.text === 'internal') ||
    statement.getFullText().includes('@internal')
  );
}
