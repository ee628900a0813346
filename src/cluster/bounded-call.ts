// Runs one request with a time limit.
//
// Does not use AbortSignal.any(), because on Node 20 a long-lived source signal keeps every signal
// derived from it in memory.

/** Thrown if a request exceeds its time limit. */
export class CallTimeout extends Error {
  override readonly name = 'CallTimeout';

  constructor(limitMs: number) {
    super(`no response within ${limitMs} ms`);
  }
}

/**
 * Runs `call` with a signal that aborts after `limitMs` milliseconds, or when `parent` aborts.
 * Rejects as soon as the signal aborts, even if `call` ignores the signal.
 *
 * @throws {CallTimeout} if `call` takes longer than `limitMs` milliseconds
 */
export async function boundedCall<T>(
  call: (signal: AbortSignal) => Promise<T>,
  limitMs: number,
  parent?: AbortSignal,
): Promise<T> {
  const control = new AbortController();
  const abort = () => control.abort(parent?.reason);
  const timer = setTimeout(() => control.abort(new CallTimeout(limitMs)), limitMs);
  parent?.addEventListener('abort', abort);
  if (parent?.aborted) abort();
  try {
    return await Promise.race([call(control.signal), rejected(control.signal)]);
  } finally {
    clearTimeout(timer);
    parent?.removeEventListener('abort', abort);
  }
}

/** Rejects with `signal.reason` when the signal aborts. Never resolves. */
export function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

/** Sleeps for `delayMs` milliseconds. Rejects with `signal.reason` as soon as the signal aborts. */
export async function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const abort = () => settle(() => reject(signal?.reason));
    const timer = setTimeout(() => settle(resolve), delayMs);
    const settle = (done: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      done();
    };
    signal?.addEventListener('abort', abort);
  });
}
