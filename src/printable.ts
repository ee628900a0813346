// Makes text safe to print. The records, paths and command lines that this package shows come from
// other programs.

/**
 * The characters that are not safe to print: C0 and C1 controls, the line and paragraph separators,
 * and the marks that reorder text (Unicode UAX #9).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the expression matches control characters on purpose
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/**
 * Replaces each run of unprintable characters with a space. Unprintable characters could end a
 * line, move the cursor or reorder the text.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, ' ');
}
