// Reads a 32-bit or 64-bit ELF file of either byte order: its machine, the libraries and symbol
// versions it needs, and its symbols.
const SHARED_OBJECT = 3;
const MACHINES = {
  3: 'ia32',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};
const SYMTAB = 2;
const DYNAMIC = 6;
const DYNSYM = 11;
const VERNEED = 0x6ffffffe;
const DYNAMIC_TAGS = { 1: 'needed', 14: 'soname', 15: 'rpath', 29: 'runpath' };
const GNU_STACK = 0x6474e551;
const BIG_ENDIAN = 2;

export function readElf(bytes) {
  if (bytes.readUInt32BE(0) !== 0x7f454c46) throw new Error('not an ELF file');
  const elf = { bytes, wide: bytes[4] === 2, ...readersOf(bytes) };
  elf.sections = readSections(elf);
  const symbols = readSymbols(elf, DYNSYM);
  return {
    arch: MACHINES[elf.u16(18)],
    bigEndian: bytes[5] === BIG_ENDIAN,
    shared: elf.u16(16) === SHARED_OBJECT,
    executableStack: hasExecutableStack(elf),
    ...readDynamic(elf),
    versions: readVersions(elf),
    exported: symbols.filter((symbol) => symbol.defined && symbol.global).map((symbol) => symbol.name),
    imported: symbols.filter((symbol) => !symbol.defined && symbol.name !== '').map((symbol) => symbol.name),
    /** The list of symbols is empty if the file is stripped. */
    symbols: readSymbols(elf, SYMTAB),
    sections: elf.sections,
  };
}

/** Returns functions that read a number in the file's byte order. */
function readersOf(bytes) {
  const order = bytes[5] === BIG_ENDIAN ? 'BE' : 'LE';
  return {
    u16: (at) => bytes[`readUInt16${order}`](at),
    u32: (at) => bytes[`readUInt32${order}`](at),
    u64: (at) => Number(bytes[`readBigUInt64${order}`](at)),
  };
}

function word({ wide, u32, u64 }, at) {
  return wide ? u64(at) : u32(at);
}

function readSections(elf) {
  const { bytes, wide, u16, u32 } = elf;
  const start = word(elf, wide ? 40 : 32);
  const [size, count, names] = [0, 2, 4].map((field) => u16((wide ? 58 : 46) + field));
  const sections = Array.from({ length: count }, (_, i) => {
    const at = start + i * size;
    const [offset, length, link] = wide ? [24, 32, 40] : [16, 20, 24];
    return {
      nameAt: u32(at),
      type: u32(at + 4),
      offset: word(elf, at + offset),
      size: word(elf, at + length),
      link: u32(at + link),
    };
  });
  return sections.map((section) => ({ ...section, name: text(bytes, sections[names].offset + section.nameAt) }));
}

function readSymbols(elf, type) {
  const table = elf.sections.find((section) => section.type === type);
  if (!table) return [];
  const { bytes, wide, u16, u32 } = elf;
  const entry = wide ? 24 : 16;
  const [info, section, size] = wide ? [4, 6, 16] : [12, 14, 8];
  const strings = elf.sections[table.link].offset;
  return Array.from({ length: table.size / entry }, (_, i) => {
    const at = table.offset + i * entry;
    return {
      name: text(bytes, strings + u32(at)),
      global: bytes[at + info] >> 4 !== 0,
      defined: u16(at + section) !== 0,
      size: word(elf, at + size),
      section: elf.sections[u16(at + section)]?.name,
    };
  });
}

function readDynamic(elf) {
  const table = elf.sections.find((section) => section.type === DYNAMIC);
  const found = { needed: [], soname: [], rpath: [], runpath: [] };
  const half = elf.wide ? 8 : 4;
  for (let at = table.offset; at < table.offset + table.size; at += 2 * half) {
    const name = DYNAMIC_TAGS[word(elf, at)];
    if (name) found[name].push(text(elf.bytes, elf.sections[table.link].offset + word(elf, at + half)));
  }
  return found;
}

/**
 * Returns the symbol versions that the file requires from all libraries, for example GLIBC_2.17.
 */
function readVersions({ bytes, sections, u16, u32 }) {
  const table = sections.find((section) => section.type === VERNEED);
  if (!table) return [];
  const versions = [];
  for (let at = table.offset, next = 1; next !== 0; at += next) {
    let aux = at + u32(at + 8);
    for (let i = u16(at + 2); i > 0; --i, aux += u32(aux + 12)) {
      versions.push(text(bytes, sections[table.link].offset + u32(aux + 8)));
    }
    next = u32(at + 12);
  }
  return [...new Set(versions)];
}

function hasExecutableStack(elf) {
  const { wide, u16, u32 } = elf;
  const start = word(elf, wide ? 32 : 28);
  const [size, count] = [0, 2].map((field) => u16((wide ? 54 : 42) + field));
  const headers = Array.from({ length: count }, (_, i) => start + i * size);
  const stack = headers.find((at) => u32(at) === GNU_STACK);
  return stack === undefined || (u32(stack + (wide ? 4 : 24)) & 1) !== 0;
}

function text(bytes, from) {
  return bytes.toString('latin1', from, bytes.indexOf(0, from));
}
