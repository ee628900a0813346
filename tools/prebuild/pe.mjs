// Reads a 32-bit or 64-bit PE file (a Windows DLL): the machine, exports, imports, flags for ASLR
// and NX, and unwind data.
const MACHINES = { '14c': 'ia32', 8664: 'x64', aa64: 'arm64' };
const PE32_PLUS = 0x20b;
const DLL = 0x2000;
const HARDENED = 0x40 | 0x100; // IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE, _NX_COMPAT
const REPRODUCIBLE = 16; // IMAGE_DEBUG_TYPE_REPRO
const DIRECTORIES = { exports: 0, imports: 1, exceptions: 3, relocations: 5, debug: 6, delayed: 13 };

/**
 * The size of one RUNTIME_FUNCTION entry in bytes. Files for ia32 have no table of such entries.
 */
const UNWIND_ENTRY = { x64: 12, arm64: 8 };

export function readPe(bytes) {
  const start = bytes.readUInt32LE(0x3c);
  if (bytes.readUInt16LE(0) !== 0x5a4d || bytes.readUInt32LE(start) !== 0x4550) throw new Error('not a PE file');
  const pe = { bytes, wide: bytes.readUInt16LE(start + 24) === PE32_PLUS, sections: readSections(bytes, start) };
  const directory = (name) => readDirectory(pe, start, DIRECTORIES[name]);
  const imports = readImports(pe, directory('imports').at);
  const machine = MACHINES[bytes.readUInt16LE(start + 4).toString(16)];
  return {
    arch: machine,
    shared: (bytes.readUInt16LE(start + 22) & DLL) !== 0,
    hardened: (bytes.readUInt16LE(start + 94) & HARDENED) === HARDENED && directory('relocations').size > 0,
    exported: readExports(pe, directory('exports').at),
    needed: imports.map(({ library }) => library),
    imported: imports.flatMap(({ names }) => names),
    unwound: directory('exceptions').size / (UNWIND_ENTRY[machine] ?? Number.POSITIVE_INFINITY),
    delayed: directory('delayed').size > 0,
    stripped: bytes.readUInt32LE(start + 16) === 0 && readDebugTypes(pe, directory('debug')).every(isHash),
  };
}

function readSections(bytes, start) {
  const first = start + 24 + bytes.readUInt16LE(start + 20);
  return Array.from({ length: bytes.readUInt16LE(start + 6) }, (_, i) => {
    const [size, address, , offset] = [8, 12, 16, 20].map((field) => bytes.readUInt32LE(first + 40 * i + field));
    return { address, size, offset };
  });
}

/**
 * Returns the memory address and size of a data directory. The address is 0 if the directory does
 * not exist.
 */
function readDirectory({ bytes, wide }, start, index) {
  const entry = start + 24 + (wide ? 112 : 96) + 8 * index;
  return { at: bytes.readUInt32LE(entry), size: bytes.readUInt32LE(entry + 4) };
}

/** Converts a memory address to a file offset. */
function inFile({ sections }, address) {
  const { address: from, offset } = sections.find((one) => address >= one.address && address < one.address + one.size);
  return address - from + offset;
}

function readExports(pe, address) {
  if (address === 0) return [];
  const at = inFile(pe, address);
  const names = inFile(pe, pe.bytes.readUInt32LE(at + 32));
  return Array.from({ length: pe.bytes.readUInt32LE(at + 24) }, (_, i) => textAt(pe, names + 4 * i));
}

/**
 * Returns the types of the debug entries. A debug entry contains either the path of the symbol file
 * on the build machine or only a hash.
 */
function readDebugTypes(pe, { at, size }) {
  const from = size === 0 ? 0 : inFile(pe, at);
  return Array.from({ length: size / 28 }, (_, i) => pe.bytes.readUInt32LE(from + 28 * i + 12));
}

function isHash(type) {
  return type === REPRODUCIBLE;
}

/**
 * Reads the list of libraries and, for each one, the list of imported names. A zero entry ends each
 * list.
 */
function readImports(pe, address) {
  const found = [];
  for (let at = inFile(pe, address); pe.bytes.readUInt32LE(at + 12) !== 0; at += 20)
    found.push({ library: textAt(pe, at + 12), names: readNames(pe, inFile(pe, pe.bytes.readUInt32LE(at))) });
  return found;
}

function readNames({ bytes, wide, ...pe }, from) {
  const names = [];
  const step = wide ? 8 : 4;
  for (let at = from; bytes.readUInt32LE(at) !== 0; at += step) {
    const byNumber = (bytes.readUInt32LE(at + step - 4) & 0x80000000) !== 0;
    // The two bytes before each name are a hint for the lookup.
    names.push(byNumber ? `#${bytes.readUInt16LE(at)}` : text(bytes, inFile(pe, bytes.readUInt32LE(at)) + 2));
  }
  return names;
}

/** Returns the text whose memory address is stored at `at`. */
function textAt(pe, at) {
  return text(pe.bytes, inFile(pe, pe.bytes.readUInt32LE(at)));
}

function text(bytes, from) {
  return bytes.toString('latin1', from, bytes.indexOf(0, from));
}
