// Finds a free port for a server that a test starts.
import { createServer } from 'node:net';

/**
 * Returns a free port below the ephemeral range (32768 on Linux), so that a concurrent test that
 * binds port 0 never gets it.
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
