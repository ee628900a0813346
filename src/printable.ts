// Makes text safe to print, because records, paths and command lines come from other programs.

/**
 * The characters that are not safe to print: C0 and C1 controls, the line and paragraph separators,
 * and the marks that reorder text (Unicode UAX #9).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the expression matches control characters on purpose
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/**
 * Replaces each run of unprintable characters, which could end a line, move the cursor or reorder
 * the text, with a space.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, ' ');
}
