// npm start: runs the example gateway in this process, so that the pid that the gateway prints is
// the pid to kill.
import { prepare } from './prepare.mjs';

prepare();
await import('../examples/gateway/dist/main.js');
