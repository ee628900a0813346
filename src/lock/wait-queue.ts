// Who of this process (or worker thread) waits for a lock: first come, first served.
//
// Only the first in a queue asks the kernel; the others wait for their turn. So a release costs one try here,
// however many wait, and nobody starves. Shared waiters go together all the same: each that is served leaves,
// and the next one is granted at once.

const queues = new Map<string, Set<Place>>();

export function hasWaiters(path: string): boolean {
  return queues.has(path);
}

/** For a release in this very process: the system would report it as well, by way of another thread. */
export function wakeFirst(path: string): void {
  const [first] = queues.get(path) ?? [];
  first?.wake();
}

export class Place {
  readonly wake: () => void;
  readonly #path: string;
  readonly #queue: Set<Place>;

  /** `wake` is called when its turn has come, and when it is worth trying again. */
  constructor(path: string, wake: () => void) {
    this.#path = path;
    this.wake = wake;
    this.#queue = queues.get(path) ?? new Set();
    this.#queue.add(this);
    queues.set(path, this.#queue);
  }

  get isFirst(): boolean {
    const [first] = this.#queue;
    return first === this;
  }

  leave(): void {
    const wasFirst = this.isFirst;
    this.#queue.delete(this);
    const [next] = this.#queue;
    if (next === undefined) queues.delete(this.#path);
    else if (wasFirst) next.wake();
  }
}
