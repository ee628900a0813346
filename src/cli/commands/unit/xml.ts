// Escapes the text of an XML element.

/**
 * Returns `text` escaped for XML, in ASCII.
 *
 * @throws {TypeError} `ERR_INVALID_ARG_VALUE` for characters that XML forbids even when escaped
 */
export function xmlText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject
  if (/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(text)) {
    throw Object.assign(new TypeError(`${JSON.stringify(text)} contains a character that XML forbids`), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  }
  // Escapes whitespace, because a parser may drop a line feed or replace it with a space. Escapes
  // everything beyond ASCII, because schtasks reads the ANSI code page or UTF-16, not UTF-8
  // (fatso83/vmware-auto-suspend#8).
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"\t\n\r]|[^\x20-\x7e]/gu, (one) => entities[one] ?? `&#${one.codePointAt(0)};`);
}
