// Chooses a part of the injections for `npm run torture -- --quick`.

/**
 * Returns a part of the list, in its order, in which each key of each item occurs, unless it is in
 * `covered`. Adds the keys to `covered`. Chooses items with two missing keys before items with one.
 */
export function sampleOf(list, keysOf, covered = new Set()) {
  const sample = new Set();
  for (const wanted of [2, 1]) {
    for (const item of list) {
      const missing = keysOf(item).filter((key) => !covered.has(key));
      if (missing.length < wanted) continue;
      sample.add(item);
      for (const key of missing) covered.add(key);
    }
  }
  return list.filter((item) => sample.has(item));
}
