// That a try was really refused: a bench of a lock that does not exclude would be worth nothing.

export function mustBeRefused(lock) {
  if (lock !== null) throw new Error('it was not refused');
}

export function refusedWith(code, take) {
  try {
    take();
  } catch (error) {
    if (error.code === code) return;
    throw error;
  }
  throw new Error('it was not refused');
}
