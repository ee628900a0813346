// node tools/package/sbom.mjs FILE: writes the software bill of materials (CycloneDX) of the
// package. `npm sbom` names the package after its folder, so this script sets the name.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/prepare.mjs';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('Expected a file: node tools/package/sbom.mjs sbom.cdx.json');
const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const text = execFileSync('npm', ['sbom', '--omit', 'dev', '--sbom-format', 'cyclonedx'], { cwd: root });
const bom = JSON.parse(text);
bom.metadata.component.name = name;
writeFileSync(file, `${JSON.stringify(bom, null, 2)}\n`);
