// Results, on stdout. A pipe whose reader has ended (`| head`) is no failure.
let listening = false;

/**
 * Resolves when the text is written; false when nobody reads any more.
 *
 * @throws the system's error: ENOSPC, EIO ...
 */
export function print(text: string): Promise<boolean> {
  // Beside the callback a stream emits its error, and one that nobody listens to ends the process.
  if (!listening) process.stdout.on('error', () => {});
  listening = true;
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error == null) resolve(true);
      else if ((error as NodeJS.ErrnoException).code === 'EPIPE') resolve(false);
      else reject(error);
    });
  });
}
