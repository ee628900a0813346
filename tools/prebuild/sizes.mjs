// Counts a binary's bytes by origin, from a build that still contains its symbols.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readElf } from './elf.mjs';
import { fileOf } from './targets.mjs';

const ORIGINS = [
  ['the addon: native/, with its template instances', /gateway_lock|napi_register_module|node_api_module/],
  ['node-addon-api', /4Napi/],
  ['libc++: strings, vectors, sets', /St3__1|_ZNKSt|_ZNSt|^_Zn|^_Zd/],
];
const OVERHEAD = /^\.(dynsym|dynstr|gnu|hash|rel|plt|got|dynamic|data\.rel|init|fini)/;
/**
 * Sections that are not counted, because they are not in the published file or occupy no bytes in
 * it. .text is counted by symbol instead.
 */
const NOT_COUNTED = /^(\.(text|symtab|strtab|shstrtab|comment|debug.*|t?bss|relro_padding))?$/;

/** Returns rows of [part, bytes], largest first. `folder` contains the build with symbols. */
export function sizesOf(target, folder) {
  const { symbols, sections } = readElf(readFileSync(join(folder, fileOf(target))));
  const rows = new Map();
  const add = (what, bytes) => rows.set(what, (rows.get(what) ?? 0) + bytes);
  const code = symbols.filter((symbol) => symbol.section === '.text');
  for (const { name, size } of code) add(ORIGINS.find(([, pattern]) => pattern.test(name))?.[0] ?? 'the rest', size);
  for (const { name, size } of sections.filter((section) => !NOT_COUNTED.test(section.name))) {
    if (OVERHEAD.test(name)) add('names, relocations and tables for the loader', size);
    else add(name === '.rodata' ? 'constants and texts (.rodata)' : 'the rest', size);
  }
  return [...rows].sort(([, one], [, other]) => other - one);
}
