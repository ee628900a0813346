// What the worker processes of a stress run tell the driver through their stdout. A process that
// starts no successors writes its state as one letter. With --mode upgrade, a gateway and all its
// successors share one stdout, so there each process writes whole lines that name it.
import { writeSync } from 'node:fs';
import { type Ending, SHARES } from './plan.js';

/** The states of a process, with the letter that stands for each in the output of a worker. */
const LETTERS = { waiting: 'w', holding: 'h', releasing: 'r' } as const;

/**
 * The state that a worker process last reported. In mode `upgrade` also: `adopting`, a successor
 * waits for its predecessor; `upgrading`, a gateway waits for its successor; `draining`, it has
 * stopped accepting.
 */
export type WorkerState = 'starting' | keyof typeof LETTERS | 'adopting' | 'upgrading' | 'draining';
const STATES: ReadonlySet<string> = new Set<WorkerState>([
  'starting',
  'waiting',
  'holding',
  'releasing',
  'adopting',
  'upgrading',
  'draining',
]);

/** An event of a process in mode `upgrade`, in addition to its states. */
export type WorkerEvent =
  /** A successor has started. The detail has the pid of its predecessor and its own ending. */
  | 'successor'
  /** The upgrade has ended. The detail is `upgraded`, or the reason why the gateway was kept. */
  | 'outcome'
  /** The process ends on purpose. */
  | 'leaving'
  /** The process ends because of an unexpected error, which is the detail. */
  | 'failed';

/** A line of a process in mode `upgrade`. */
export interface Announcement {
  readonly pid: number;
  readonly startToken: number;
  readonly word: WorkerState | WorkerEvent;
  readonly detail: string;
}

/** Writes the state of this process as a letter. */
export function writeState(state: keyof typeof LETTERS): void {
  write(LETTERS[state]);
}

/** Writes a line. A line is shorter than PIPE_BUF, so that lines of two processes never mix. */
export function announce({ pid, startToken, word, detail }: Announcement): void {
  const text = detail.replaceAll('\n', ' ').slice(0, 1000);
  write(`${pid} ${startToken} ${word} ${text}\n`);
}

/** Returns the state for a letter, or undefined if there is none. */
export function stateOf(letter: string): WorkerState | undefined {
  return (Object.keys(LETTERS) as (keyof typeof LETTERS)[]).find((state) => LETTERS[state] === letter);
}

export function parseAnnouncement(line: string): Announcement {
  const [pid, startToken, word, ...detail] = line.split(' ');
  return {
    pid: Number(pid),
    startToken: Number(startToken),
    word: word as Announcement['word'],
    detail: detail.join(' '),
  };
}

export function isState(word: Announcement['word']): word is WorkerState {
  return STATES.has(word);
}

export function isEnding(word: string): word is Ending {
  return word in SHARES;
}

function write(text: string): void {
  try {
    writeSync(1, text);
  } catch {
    process.exit(); // The driver has ended.
  }
}
