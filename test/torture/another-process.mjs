// A process that starts what it is asked to (starter.mjs). Lives until close().
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const STARTER = fileURLToPath(new URL('starter.mjs', import.meta.url));

export class AnotherProcess {
  #child = fork(STARTER);
  #pending = new Map();
  #asked = 0;

  constructor() {
    this.#child.on('message', (answer) => this.#pending.get(answer.id)?.(answer));
    this.#child.once('exit', (code, signal) => {
      for (const settle of this.#pending.values()) settle({ served: false, error: `ended: ${code ?? signal}` });
    });
  }

  /** Resolves with `{ served, ms, error }`. */
  start(name, { directory, port }, timeoutMs) {
    const id = ++this.#asked;
    return new Promise((resolve) => {
      this.#pending.set(id, (answer) => {
        this.#pending.delete(id);
        resolve(answer);
      });
      this.#child.send({ id, name, place: { directory, port, cleanup: [] }, timeoutMs });
    });
  }

  close() {
    this.#child.kill('SIGKILL');
  }
}
