// The program that most consumers bundle or run. Acquires a gateway lock and serves one request,
// then checks that a second gateway is refused.
import { createServer } from 'node:http';
import { acquireGatewayLock } from 'gateway-lock';

async function main() {
  const options = { stateDir: 'state', lockDir: 'locks', port: 0, timeoutMs: 0 };
  const lock = await acquireGatewayLock(options);
  await lock.listen(createServer((_request, response) => response.end('served\n')));
  const response = await fetch(`http://127.0.0.1:${lock.port}/`, { headers: { connection: 'close' } });
  process.stdout.write(await response.text());
  await acquireGatewayLock(options).catch(({ code }) => process.stdout.write(`refused: ${code}\n`));
  await lock.close();
}

void main();
