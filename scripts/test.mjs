// npm test [-- vitest arguments]: runs every test that this machine can run.
// --restarts N: the tests of upgrades and reloads repeat them N times, and each kill N / 5 times
// (test/support/rounds.ts).
import { bin, prepare, show } from './prepare.mjs';

const args = process.argv.slice(2);
const environment = restartsOf(args);
prepare();
process.exit(show(bin('vitest'), ['run', ...args], environment));

/** Removes the option from the arguments, and returns the variable that the tests read. */
function restartsOf(words) {
  const at = words.indexOf('--restarts');
  if (at < 0) return {};
  const [, restarts] = words.splice(at, 2);
  if (!/^[1-9]\d{0,5}$/.test(restarts ?? '')) throw new RangeError('--restarts must be a number from 1 to 999999');
  return { GATEWAY_LOCK_RESTARTS: restarts };
}
