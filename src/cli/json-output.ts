// JSON output, for other programs to read.

/**
 * Returns `value` as JSON. Also escapes what JSON.stringify() does not: DEL, C1 control characters,
 * line separators, and marks that change the text direction.
 */
export function jsonText(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent).replace(
    /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export interface Cause {
  /** The code of the LockError or of the system error; null if the error has no code. */
  readonly code: string | null;
  readonly message: string;
}

/**
 * Returns the code and message of an error, because JSON.stringify() turns an error into `{}`.
 * Returns null if there is no error.
 */
export function causeOf(error: unknown): Cause | null {
  if (error === null || error === undefined) return null;
  const { code, message } = error as NodeJS.ErrnoException;
  return { code: code ?? null, message: message ?? String(error) };
}
