// npm start: runs the example gateway in this process, so that the pid it prints is the one to
// kill.
import { prepare } from './prepare.mjs';

prepare();
await import('../examples/gateway/dist/main.js');
