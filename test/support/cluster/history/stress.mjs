// Implements `npm run stress -- --mode cluster`: runs histories of both engines in parallel until
// the time is over or a history fails.
import { runHistory } from './run.mjs';

const ROUND_SECONDS = 300;

/** @param {number} seconds @returns {Promise<boolean>} true if nothing went wrong */
export async function stressCluster(seconds) {
  for (let left = seconds; left > 0; left -= ROUND_SECONDS) {
    const round = { seconds: Math.min(left, ROUND_SECONDS) };
    const results = await Promise.all(['etcd', 'postgres'].map((kind) => runHistory({ kind, ...round })));
    for (const result of results) console.log(JSON.stringify(result));
    if (results.some(isBroken)) return false;
  }
  console.log('No lock had two holders at once, and the tokens only increased.');
  return true;
}

function isBroken({ doubles, tokensThatWentBack, fencedHolders, crashes }) {
  return doubles.length > 0 || tokensThatWentBack > 0 || fencedHolders > 0 || crashes.length > 0;
}
