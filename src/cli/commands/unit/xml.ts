// The text of an XML element.

/** @throws {TypeError} `ERR_INVALID_ARG_VALUE` for what XML cannot say in any way */
export function xmlText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is meant
  if (/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(text)) {
    throw Object.assign(new TypeError(`XML has no way to say ${JSON.stringify(text)}`), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  }
  // Whitespace, because a parser turns a line feed into a space or drops it, by where it stands. All beyond ASCII, because
  // schtasks reads the ANSI code page or UTF-16, and not UTF-8 (fatso83/vmware-auto-suspend#8).
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"\t\n\r]|[^\x20-\x7e]/gu, (one) => entities[one] ?? `&#${one.codePointAt(0)};`);
}
