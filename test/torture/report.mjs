// Writes the tables of docs/reliability.md.
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Replaces the text between `<!-- NAME -->` and `<!-- end -->` in `file` for each NAME in `tables`.
 */
export function writeTables(file, tables) {
  let text = readFileSync(file, 'utf8');
  for (const [name, table] of Object.entries(tables)) {
    const mark = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end -->)`);
    if (!mark.test(text)) throw new Error(`${file} has no section <!-- ${name} -->`);
    text = text.replace(mark, (_, begin, end) => `${begin}${table}\n${end}`);
  }
  writeFileSync(file, text);
}

/** Returns a table with a row for each scenario and system call. */
export function killTable(results) {
  const rows = [...groupBy(results, ({ name, call }) => `${name}\n${call}`)].map(([, group]) => {
    const [{ name, call }] = group;
    const at = (when) => group.filter((each) => each.when === when && each.outcome === 'killed').length;
    const held = group.filter((each) => each.held === 1).length;
    const slowest = Math.ceil(Math.max(...group.map(({ ms }) => ms)));
    return [name, `\`${call}\``, at('entry'), at('exit'), held, verdictOf(group), `${slowest} ms`];
  });
  const titles = ['scenario', 'call', 'killed at entry', 'at exit', 'as holder', 'outcome', 'slowest next start'];
  return markdown(titles, rows);
}

function verdictOf(group) {
  const problems = group.flatMap((each) => each.problems);
  return problems.length === 0
    ? 'one holder at a time; then the lock is free and the waiter acquires it'
    : `**${problems.join('; ')}**`;
}

/** Returns a table with a row for each system call and outcome. */
export function failureTable(results) {
  const groups = groupBy(results, (each) => `${each.call}\n${outcomeOf(each)}`);
  const rows = [...groups].map(([, group]) => {
    const [{ call }] = group;
    return [`\`${call}\``, injectionsIn(group), outcomeOf(group[0]), String(group.length)];
  });
  rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return markdown(['call', 'injection', 'outcome', 'injections'], rows);
}

function injectionsIn(group) {
  const names = new Set(group.map(({ injected }) => (injected === 'short' ? 'half of the bytes' : injected)));
  return [...names].join(', ').replace(/^0$|(?<=, )0(?=,|$)/, 'no bytes');
}

function outcomeOf({ outcome, problems, made }) {
  if (problems.length > 0) return `**${problems.join('; ')}**`;
  if (made === 'not reached') return 'not injected: this run did not make the call';
  if (outcome.startsWith('throws')) return outcome;
  return outcome === 'refused' ? 'refused, as if another process held the lock' : 'succeeds';
}

/** Returns a summary of a run of kills or failures in one line. */
export function summary({ kills, failures, seconds }) {
  const killed = kills.filter(({ outcome }) => outcome === 'killed');
  const made = failures.filter((each) => each.made !== 'not reached');
  const slowest = Math.ceil(Math.max(0, ...killed.map(({ ms }) => ms)));
  const broken = [...kills, ...failures].filter(({ problems }) => problems.length > 0).length;
  return [
    `${killed.length} kill points, ${killed.filter(({ held }) => held === 1).length} of them in a holder`,
    `slowest next start ${slowest} ms`,
    `${made.length} injected failures`,
    `${broken} violations`,
    `${Math.round(seconds)} s`,
  ].join('; ');
}

function markdown(titles, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const empty = rows.flat().find((cell) => cell === '' || cell === undefined);
  if (empty !== undefined) throw new Error('a table of the report has an empty cell');
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n');
}

function groupBy(values, keyOf) {
  const groups = new Map();
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value]);
  return groups;
}
