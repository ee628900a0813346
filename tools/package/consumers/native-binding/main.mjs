import { acquireGatewayLock } from 'gateway-lock';

const lock = await acquireGatewayLock({ stateDir: 'state', port: 0, nativeBinding: 'addon' });
console.log('acquired');
await lock.close();
