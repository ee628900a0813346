// Checks that an attempt was refused, because the figures of a lock that does not exclude others
// are worthless.

export function mustBeRefused(lock) {
  if (lock !== null) throw new Error('the attempt was not refused');
}

export function refusedWith(code, acquire) {
  try {
    acquire();
  } catch (error) {
    if (error.code === code) return;
    throw error;
  }
  throw new Error('the attempt was not refused');
}
