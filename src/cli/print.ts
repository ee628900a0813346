// Prints results to stdout. A reader that closes the pipe early (`| head`) is not an error.
let listening = false;

/**
 * Prints `text`. Resolves to true once it is written, or to false if the reader has closed the
 * pipe.
 *
 * @throws the error of the system, for example ENOSPC or EIO
 */
export function print(text: string): Promise<boolean> {
  // A failed write also emits 'error'. Without a listener, that event would end the process.
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
