// JSON for programs that read the output.

/**
 * Returns `value` as JSON. Also escapes what JSON.stringify() leaves as it is: DEL, the C1
 * controls, the line separators and the marks that reorder text.
 */
export function jsonText(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent).replace(
    /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export interface Cause {
  /** The code of a LockError or of the system; null if the error has no code. */
  readonly code: string | null;
  readonly message: string;
}

/** Returns the fields of an error that JSON can hold; JSON.stringify() would return `{}`. */
export function causeOf(error: unknown): Cause | null {
  if (error === null || error === undefined) return null;
  const { code, message } = error as NodeJS.ErrnoException;
  return { code: code ?? null, message: message ?? String(error) };
}
