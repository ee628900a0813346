import { acquireGatewayLock } from 'gateway-lock';

export const dynamic = 'force-dynamic';

export async function GET() {
  const options = { stateDir: 'state', bind: false, timeoutMs: 0 };
  const lock = await acquireGatewayLock(options);
  const second = await acquireGatewayLock(options).catch(({ code }) => code);
  await lock.close();
  return new Response(`acquired\nrefused: ${second}\n`);
}
