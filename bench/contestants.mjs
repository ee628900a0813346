// Starts a process for each contestant (the floor, this package, a peer) and sends it requests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { FLOOR } from './floor.mjs';

const PROGRAM = fileURLToPath(new URL('contestant.mjs', import.meta.url));
/**
 * Longer than any contestant needs to respond. A contestant that takes longer is killed, so that
 * the bench cannot hang.
 */
const ANSWER_MS = 120_000;
const started = new Set();

export class Contestant {
  #child;
  #answers = [];
  #unread = '';
  #ended = false;

  constructor(name) {
    this.name = name;
    const [command, args] = name === 'floor' ? [FLOOR, []] : [process.execPath, ['--expose-gc', PROGRAM, name]];
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin.on('error', () => {}); // the process may have been killed
    this.#child.stdout.setEncoding('utf8').on('data', (chunk) => this.#read(chunk));
    this.exited = once(this.#child, 'exit').then(() => {
      started.delete(this);
      this.#ended = true;
      for (const { reject } of this.#answers.splice(0)) reject(this.#endedError());
    });
    started.add(this);
  }

  /**
   * Sends a request. Resolves with the number in the response, or rejects with the contestant's
   * error.
   */
  async ask(...words) {
    if (this.#ended) throw this.#endedError();
    const timer = setTimeout(() => this.kill(), ANSWER_MS);
    try {
      return await new Promise((resolve, reject) => {
        this.#answers.push({ resolve, reject });
        this.#child.stdin.write(`${words.join(' ')}\n`);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Kills the process. Resolves once it has been reaped. */
  kill() {
    this.#child.kill('SIGKILL');
    return this.exited;
  }

  /** Closes the process's input, so that it exits. */
  end() {
    this.#child.stdin.end();
    return this.exited;
  }

  #endedError() {
    return new Error(`${this.name} ended`);
  }

  #read(chunk) {
    const lines = (this.#unread + chunk).split('\n');
    this.#unread = lines.pop();
    for (const line of lines) {
      const { resolve, reject } = this.#answers.shift();
      if (line.startsWith('!')) reject(new Error(line.slice(1)));
      else resolve(Number(line));
    }
  }
}

/** Runs `use` with one process for each name, and kills them all afterwards. */
export async function withContestants(names, use) {
  const contestants = names.map((name) => new Contestant(name));
  try {
    return await use(contestants);
  } finally {
    await Promise.all(contestants.map((one) => one.kill()));
  }
}

export async function killAll() {
  await Promise.all([...started].map((one) => one.kill()));
}
