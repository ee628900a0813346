// Usage: successor.mjs OPTIONS
// Takes over the gateway of the soak, and ends.
import { acquireGatewayLock } from 'gateway-lock';

const lock = await acquireGatewayLock(JSON.parse(process.argv[2]));
await lock.ready();
await lock.close();
