// The error for an option that does not exist, with the option that the caller probably meant.

/** The largest number of wrong letters for which an option counts as misspelled. */
const MAX_WRONG_LETTERS = 2;

export function unknownOption(option: string, known: readonly string[]): TypeError {
  const meant = nearest(option, known);
  const advice = meant === undefined ? `the options are '${known.join("', '")}'` : `did you mean '${meant}'?`;
  return Object.assign(new TypeError(`unknown option '${option}': ${advice}`), { code: 'ERR_INVALID_ARG_VALUE' });
}

function nearest(option: string, known: readonly string[]): string | undefined {
  const word = option.toLowerCase();
  const begins = known.find((name) => word.length > MAX_WRONG_LETTERS && name.toLowerCase().startsWith(word));
  const distances = known.map((name) => ({ name, distance: editDistance(word, name.toLowerCase()) }));
  const [best] = distances.sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= MAX_WRONG_LETTERS ? best.name : begins;
}

/** Returns how many letters must be added, removed or replaced to turn `from` into `to`. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let column = 0; column < to.length; column++) {
      const replaced = row[column]! + (letter === to[column] ? 0 : 1);
      next.push(Math.min(replaced, row[column + 1]! + 1, next[column]! + 1));
    }
    row = next;
  }
  return row.at(-1)!;
}
