// FIFO queues of this thread's waiters, one queue per lock path.
//
// Only the first waiter in a queue tries to acquire the lock; the others wait for their turn. A
// release therefore causes only one attempt per thread, regardless of the number of waiters.
// Waiters for a shared lock still acquire it together: each of them leaves the queue when it has
// the lock, and the next waiter's attempt succeeds at once.

const queues = new Map<string, Set<QueueEntry>>();

export function hasWaiters(path: string): boolean {
  return queues.has(path);
}

/**
 * Wakes the first waiter after a release in this thread, because the system's report arrives later,
 * through another thread.
 */
export function wakeFirst(path: string): void {
  const [first] = queues.get(path) ?? [];
  first?.wake();
}

/** A waiter's position in the queue of a lock. */
export class QueueEntry {
  readonly wake: () => void;
  readonly #path: string;
  readonly #queue: Set<QueueEntry>;

  /**
   * Enters the queue. `wake` is called when the entry becomes first in the queue, and when an
   * attempt may succeed.
   */
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
