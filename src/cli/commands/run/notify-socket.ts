// The socket on which one program reports its state, as it would to systemd (man 3 sd_notify).
import { join } from 'node:path';
import { native } from '../../../internal.js';
import { NotifyDirectory } from './notify-directory.js';

/** Milliseconds between two reads before and after the first READY=1. */
const STARTING_MS = 20;
const RUNNING_MS = 250;

/**
 * A datagram socket in a directory that only this user can enter. It is read until it is closed,
 * because a program that sends to a full socket blocks.
 */
export class NotifySocket {
  readonly path: string;
  readonly #directory = new NotifyDirectory();
  readonly #id: number;
  readonly #listener: (assignments: readonly string[]) => void;
  #timer: NodeJS.Timeout;

  /** `listener` receives the assignments of each message, such as `READY=1`. */
  constructor(listener: (assignments: readonly string[]) => void) {
    this.path = join(this.#directory.path, 'notify');
    try {
      this.#id = native().openNotifySocket(this.path);
    } catch (error) {
      this.#directory.remove();
      throw error;
    }
    this.#listener = listener;
    this.#timer = setInterval(() => this.#read(), STARTING_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    native().closeNotifySocket(this.#id);
    this.#directory.remove();
  }

  #read(): void {
    for (let text = native().readNotification(this.#id); text !== null; text = native().readNotification(this.#id)) {
      const assignments = text.split('\n').filter((line) => line.includes('='));
      if (assignments.includes('READY=1')) this.#slowDown();
      this.#listener(assignments);
    }
  }

  #slowDown(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#read(), RUNNING_MS).unref();
  }
}
