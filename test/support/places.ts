// A directory and a port for each test, gone afterwards.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A fresh directory that the test may fill, removed when the test has finished. */
export function freshDirectory(parent = tmpdir()): string {
  // As the library names it: TEMP on a GitHub runner has a short name in it (RUNNER~1).
  const directory = realpathSync.native(mkdtempSync(join(parent, 'gateway-lock-')));
  // Again and again, because Windows closes the files of a killed process some time after it is gone.
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 }));
  return directory;
}

/**
 * A port that nobody listened on just now, and that the system gives to nobody who asks for port 0: below the range of
 * ephemeral ports (32768 on Linux), so that no test that runs meanwhile gets it by chance.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = 10240 + Math.floor(Math.random() * 22000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, host, () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (free) return port;
  }
}

/** Asks until it is so; for what the system does by itself in its own time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs}ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
