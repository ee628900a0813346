// Parses the command lines of units as systemd and Windows do.
import { expect } from 'vitest';

/** Parses a line according to man 5 systemd.service and man 7 systemd.syntax. */
export function readBySystemd(line: string): string[] {
  const words = line.match(/(?:[^\s"']|"(?:[^"\\]|\\.)*")+/gs) ?? [];
  return words.map((word) => {
    const bare = word.startsWith('"') ? word.slice(1, -1) : word;
    const unescaped = bare.replace(/\\x([0-9a-f]{2})|\\(.)/g, (_, hex, one) =>
      hex ? String.fromCharCode(Number.parseInt(hex, 16)) : one,
    );
    expect(unescaped.replaceAll('%%', '').replaceAll('$$', '')).not.toMatch(/[%$]/);
    return unescaped.replaceAll('%%', '%').replaceAll('$$', '$');
  });
}

/** Parses a line as CommandLineToArgvW does. */
export function readByWindows(line: string): string[] {
  const words: string[] = [];
  let [word, inQuotes] = ['', false];
  for (const [part, slashes] of `${line} `.matchAll(/(\\*)"|\\+|[^"\\]/g)) {
    if (slashes !== undefined) {
      word += '\\'.repeat(slashes.length / 2);
      if (slashes.length % 2 === 1) word += '"';
      else inQuotes = !inQuotes;
    } else if (part === ' ' && !inQuotes) {
      words.push(word);
      word = '';
    } else word += part;
  }
  return words;
}
