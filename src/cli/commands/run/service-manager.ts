// The service manager above this process, which is systemd if it sets NOTIFY_SOCKET. A program's
// own reports cannot reach it, because systemd accepts only those of the main process.
import { native } from '../../../internal.js';
import { errorLine, say } from '../../output.js';

/** The assignments that are passed on. The others describe the program's process, not this one. */
const PASSED_ON = /^(STATUS|ERRNO|WATCHDOG|EXTEND_TIMEOUT_USEC)=/;

export class ServiceManager {
  readonly #socket: string | undefined;

  constructor(environment: NodeJS.ProcessEnv) {
    this.#socket = environment['NOTIFY_SOCKET'] || undefined;
  }

  get isPresent(): boolean {
    return this.#socket !== undefined;
  }

  ready(): void {
    this.#send('READY=1');
  }

  reloading(): void {
    // The clock is CLOCK_MONOTONIC, as systemd 253 needs it for Type=notify-reload.
    this.#send(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  }

  stopping(): void {
    this.#send('STOPPING=1');
  }

  /** Passes on what the serving program reports about its work. */
  passOn(assignments: readonly string[]): void {
    const passed = assignments.filter((assignment) => PASSED_ON.test(assignment));
    if (passed.length > 0) this.#send(passed.join('\n'));
  }

  #send(text: string): void {
    if (this.#socket === undefined) return;
    try {
      native().notify(this.#socket, text);
    } catch (error) {
      say(errorLine(error));
    }
  }
}
