// npm run stress -- --mode cluster: histories of both engines, side by side, until the time is over or one of them is broken.
import { runHistory } from './run.mjs';

const ROUND_SECONDS = 300;

/** @param {number} seconds @returns {Promise<boolean>} whether nothing was wrong */
export async function stressCluster(seconds) {
  for (let left = seconds; left > 0; left -= ROUND_SECONDS) {
    const round = { seconds: Math.min(left, ROUND_SECONDS) };
    const results = await Promise.all(['etcd', 'postgres'].map((kind) => runHistory({ kind, ...round })));
    for (const result of results) console.log(JSON.stringify(result));
    if (results.some(isBroken)) return false;
  }
  console.log('verdict: never two holders, and tokens only grew');
  return true;
}

function isBroken({ doubles, tokensThatWentBack, fencedHolders, crashes }) {
  return doubles.length > 0 || tokensThatWentBack > 0 || fencedHolders > 0 || crashes.length > 0;
}
