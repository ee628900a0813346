/**
 * Replaces a text in a program's bytes with another of the same length.
 * @throws {Error} if the text does not occur exactly once.
 */
export function withOneChange(bytes, text, other) {
  const at = bytes.indexOf(text);
  if (at === -1 || bytes.indexOf(text, at + 1) !== -1) throw new Error(`'${text}' does not occur exactly once`);
  bytes.write(other, at, 'latin1');
  return bytes;
}
