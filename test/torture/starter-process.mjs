// A child process that runs the `start` function of a scenario on request (starter.mjs), until
// close().
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const STARTER = fileURLToPath(new URL('starter.mjs', import.meta.url));

export class StarterProcess {
  #child = fork(STARTER);
  #pending = new Map();
  #lastId = 0;

  constructor() {
    this.#child.on('message', (answer) => this.#pending.get(answer.id)?.(answer));
    this.#child.once('exit', (code, signal) => {
      for (const settle of this.#pending.values())
        settle({ served: false, error: `the starter process ended: ${code ?? signal}` });
    });
  }

  /** Runs `start` of the scenario `name` in the child. Resolves with `{ served, ms, error }`. */
  start(name, { directory, port }, timeoutMs) {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#pending.set(id, (answer) => {
        this.#pending.delete(id);
        resolve(answer);
      });
      this.#child.send({ id, name, fixture: { directory, port, cleanup: [] }, timeoutMs });
    });
  }

  close() {
    this.#child.kill('SIGKILL');
  }
}
