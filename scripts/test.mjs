// npm test [-- vitest arguments]: runs every test that this machine can run.
import { bin, prepare, show } from './prepare.mjs';

prepare();
process.exit(show(bin('vitest'), ['run', ...process.argv.slice(2)]));
