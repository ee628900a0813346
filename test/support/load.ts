// Clients that connect to a gateway all the time, and a process that tries to take its place
// (test/fixtures/load-generator.c, test/fixtures/third-starter.mjs).
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Missing } from './capabilities.js';
import { type CommandOptions, type Running, start } from './command.js';
import { freshDirectory } from './directories.js';
import { suspended } from './stopping.js';
import { until } from './until.js';

/** The compiled clients, while their test runs. */
let compiled: string | null = null;

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/** The totals so far. */
export interface LoadReport {
  readonly answered: number;
  readonly refused: number;
  readonly reset: number;
  /** Connections that ended without an answer. */
  readonly unanswered: number;
  /** Connections without an answer for 30 s. */
  readonly hung: number;
  readonly other: number;
  readonly wsOpened: number;
  /** WebSockets that the server closed with code 1001. */
  readonly wsGoingAway: number;
  readonly wsReset: number;
  /** WebSockets that ended without a close frame. */
  readonly wsLost: number;
  /** Connections that wait for their answer. */
  readonly open: number;
  /** The longest time without an answer since the previous report, in milliseconds. */
  readonly gapMs: number;
  /** The longest time that a client waited for its answer since the previous report. */
  readonly waitMs: number;
}

export interface Load {
  report(): Promise<LoadReport>;
  /** Ends the clients when each has its answer. */
  end(): Promise<LoadReport>;
}

export interface LoadOptions {
  readonly port: number;
  /** @default ['127.0.0.1'] */
  readonly addresses?: readonly string[];
  /** WebSockets that stay open. @default 5 */
  readonly webSockets?: number;
  /** Time between two new connections in microseconds. @default 2000 */
  readonly intervalUs?: number;
  /** A process in whose network namespace the clients run. @default this process */
  readonly networkOf?: number;
}

/** A failed client: its connection was refused or reset, or ended without an answer. */
export const failures = ({ refused, reset, unanswered, hung, other, wsReset, wsLost }: LoadReport) => ({
  refused,
  reset,
  unanswered,
  hung,
  other,
  wsReset,
  wsLost,
});
export const NO_FAILURES = { refused: 0, reset: 0, unanswered: 0, hung: 0, other: 0, wsReset: 0, wsLost: 0 };

export function whyNoCompiler(): Missing {
  const { error, status } = spawnSync('cc', ['-fsyntax-only', '-x', 'c', '-'], { input: '#include <poll.h>\n' });
  if (error !== undefined) return `needs cc: ${error.message}`;
  return status === 0 ? null : 'cc does not compile for POSIX here';
}

/** Starts the clients. Resolves when the first has its answer. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const program = compile();
  const { port, addresses = ['127.0.0.1'], webSockets = 5, intervalUs = 2000 } = options;
  const inside = options.networkOf === undefined ? [] : ['nsenter', '--net', `--target=${options.networkOf}`];
  const run = start([String(port), String(intervalUs), String(webSockets), ...addresses], {
    program: [...inside, program],
    stdin: 'pipe',
  });
  const load: Load = {
    report: async () => {
      run.child.stdin!.write('\n');
      return nextReport(run);
    },
    end: async () => {
      run.child.stdin!.end();
      await run.ended;
      return JSON.parse(run.out.trimEnd().split('\n').at(-1)!) as LoadReport;
    },
  };
  await until(async () => (await load.report()).answered > 0, 'the first answer');
  return load;
}

async function nextReport(run: Running): Promise<LoadReport> {
  run.out = '';
  await new Promise<void>((resolve, reject) => {
    const check = () => {
      if (!run.out.endsWith('\n')) return;
      run.child.stdout!.off('data', check);
      resolve();
    };
    run.child.stdout!.on('data', check);
    void run.ended.then(({ err }) => reject(new Error(`the load generator ended: ${err}`)));
  });
  return JSON.parse(run.out) as LoadReport;
}

/** Compiles the clients once per test. */
function compile(): string {
  if (compiled !== null) return compiled;
  const file = join(freshDirectory(), 'load-generator');
  execFileSync('cc', ['-O1', '-o', file, fixture('load-generator.c')], { stdio: 'pipe' });
  // The directory is removed after the test.
  onTestFinished(() => {
    compiled = null;
  });
  compiled = file;
  return file;
}

/** Waits until a client that connects from now on is answered. */
export async function answersAgain(load: Load): Promise<void> {
  const { answered, open } = await load.report();
  await until(async () => (await load.report()).answered > answered + open, 'an answer', 60_000);
}

/** A process that tries to start a gateway with the same state directory all the time. */
export interface ThirdStarter {
  /** Returns how often it succeeded. */
  wins(): number;
  /** Suspends the process, so that it cannot win. */
  pause(): Promise<void>;
  resume(): void;
  end(): Promise<number>;
}

export function startThirdStarter(stateDir: string, port: number, options: CommandOptions = {}): ThirdStarter {
  const run = start([fixture('third-starter.mjs'), stateDir, String(port)], {
    program: [process.execPath],
    stdin: 'pipe',
    ...options,
  });
  const wins = () => run.out.split('won\n').length - 1;
  return {
    wins,
    pause: () => suspended(run.pid),
    resume: () => void process.kill(run.pid, 'SIGCONT'),
    end: async () => {
      run.child.stdin!.end();
      const { err } = await run.ended;
      if (err !== '') throw new Error(err);
      return wins();
    },
  };
}
