import { acquireGatewayLock } from 'gateway-lock';

acquireGatewayLock({ stateDir: 'state', port: 0 }).catch(({ code, message }) => console.log(code, message));
