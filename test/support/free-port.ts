// A port for a server that a test starts.
import { createServer } from 'node:net';

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
