// What each KiB of a binary is: one more build, with its symbols left in, counted by who they belong to.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readElf } from './elf.mjs';
import { fileOf } from './targets.mjs';

const ORIGINS = [
  ['the addon: native/, with the templates that it fills in', /gateway_lock|napi_register_module|node_api_module/],
  ['node-addon-api', /4Napi/],
  ['libc++: strings, vectors, sets', /St3__1|_ZNKSt|_ZNSt|^_Zn|^_Zd/],
];
const OVERHEAD = /^\.(dynsym|dynstr|gnu|hash|rel|plt|got|dynamic|data\.rel|init|fini)/;
/** Not in the published file, or not in any file. */
const LEFT_OUT = /^(\.(text|symtab|strtab|shstrtab|comment|debug.*|t?bss|relro_padding))?$/;

/** Rows of [what, bytes], the largest first; `folder` holds a build with symbols. */
export function sizesOf(target, folder) {
  const { symbols, sections } = readElf(readFileSync(join(folder, fileOf(target))));
  const rows = new Map();
  const add = (what, bytes) => rows.set(what, (rows.get(what) ?? 0) + bytes);
  const code = symbols.filter((symbol) => symbol.section === '.text');
  for (const { name, size } of code) add(ORIGINS.find(([, pattern]) => pattern.test(name))?.[0] ?? 'the rest', size);
  for (const { name, size } of sections.filter((section) => !LEFT_OUT.test(section.name))) {
    if (OVERHEAD.test(name)) add('names, relocations and tables for the loader', size);
    else add(name === '.rodata' ? 'constants and texts (.rodata)' : 'the rest', size);
  }
  return [...rows].sort(([, one], [, other]) => other - one);
}
