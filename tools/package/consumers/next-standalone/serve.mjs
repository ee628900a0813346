// Starts the server, prints its response to GET /gateway, and stops the server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

const free = createServer().listen(0, '127.0.0.1');
await once(free, 'listening');
const { port } = free.address();
free.close();
const server = spawn(process.execPath, [process.argv[2]], {
  env: { ...process.env, PORT: String(port), HOSTNAME: '127.0.0.1' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
process.once('exit', () => server.kill());
process.once('SIGTERM', () => process.exit(1));
for await (const text of server.stdout) if (/Ready/.test(text)) break;
const response = await fetch(`http://127.0.0.1:${port}/gateway`);
process.stdout.write(await response.text());
process.exit();
