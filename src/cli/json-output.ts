// Answers for programs.

/** Escapes what JSON.stringify() leaves: DEL, the C1 controls, the separators of lines, and the marks that reorder text. */
export function jsonText(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent).replace(
    /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export interface Cause {
  /** Of this package or of the system; null when the error has none. */
  readonly code: string | null;
  readonly message: string;
}

/** An Error has no JSON of its own. */
export function causeOf(error: unknown): Cause | null {
  if (error === null || error === undefined) return null;
  const { code, message } = error as NodeJS.ErrnoException;
  return { code: code ?? null, message: message ?? String(error) };
}
