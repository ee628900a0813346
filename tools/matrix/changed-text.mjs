/** The bytes of a program with one text in it replaced by another of the same length; it must be there exactly once. */
export function withOneChange(bytes, text, other) {
  const at = bytes.indexOf(text);
  if (at === -1 || bytes.indexOf(text, at + 1) !== -1) throw new Error(`'${text}' is not in it exactly once`);
  bytes.write(other, at, 'latin1');
  return bytes;
}
