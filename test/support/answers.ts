// What the gateway-lock command answers, in a home of its own.
import { COMMAND, type Run, startProgram } from './command.js';
import { freshDirectory, until } from './places.js';

export interface AnswerOptions {
  /** @default a fresh directory */
  readonly home?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** In place of Node and the command's own file. */
  readonly program?: readonly string[];
}

export interface Answer {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

export function start(args: readonly string[], options: AnswerOptions = {}): Run {
  const { home = freshDirectory(), env, cwd, program = [process.execPath, COMMAND] } = options;
  const [file, ...words] = [...program, ...args];
  return startProgram(file!, words, home, {
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
  });
}

export async function gatewayLock(args: readonly string[], options: AnswerOptions = {}): Promise<Answer> {
  return answerOf(start(args, options));
}

export async function answerOf(run: Run): Promise<Answer> {
  const ended = await run.ended;
  return { ...ended, out: run.out, err: run.err };
}

/** Rejects with what it said instead when it ends before. */
export async function untilPrinted(run: Run, expected: RegExp): Promise<void> {
  let over = false;
  void run.ended.then(() => (over = true));
  await until(() => expected.test(run.out) || over, `${expected} in:\n${run.out}${run.err}`, 20_000);
  if (!expected.test(run.out)) throw new Error(`it ended without ${expected}:\n${run.out}${run.err}`);
}
