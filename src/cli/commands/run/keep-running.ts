// Runs a program under a keeper: carries out the keeper's decisions with processes, timers and the
// owner record.
import { connectableAddress } from '../../../endpoint.js';
import type { GatewayLock } from '../../../index.js';
import { native, programsInherit } from '../../../internal.js';
import { say } from '../../output.js';
import { reapOrphans } from '../../reap-orphans.js';
import type { ChildEnd, SignalRelay, SignalTarget } from '../../signal-relay.js';
import { HolderRecord } from './holder-record.js';
import { Keeper, type KeeperActions, type KeptReason, type Purpose } from './keeper.js';
import { type KeeperFlags, replacesPrograms, restartRules } from './keeper-flags.js';
import { endText, keptText } from './keeper-texts.js';
import { Program, type ProgramCommand } from './program.js';
import { Readiness, type ReadinessOptions } from './readiness.js';
import { RestartPolicy } from './restart-policy.js';
import { ServiceManager } from './service-manager.js';

/**
 * Signals after which no program is started any more. Other signals end the restarts only if they
 * end the program, because a program may handle them: SIGQUIT makes Java print its threads.
 */
const STOPPING: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGBREAK'];

/**
 * Milliseconds from the moment when a program serves to the start of its standby. A start takes all
 * of a small machine: the first response of the new program would take 4 to 11 ms longer.
 */
const STANDBY_DELAY_MS = 1000;

/** What to run: see {@link ProgramCommand}. */
export type Command = Pick<ProgramCommand, 'words' | 'file' | 'inheritance'>;

/** Runs the program until it has ended for good. Resolves to the end of its last run. */
export function keepRunning(
  lock: GatewayLock,
  command: Command,
  flags: KeeperFlags,
  signals: SignalRelay,
): Promise<ChildEnd> {
  return new Promise((resolve) => {
    const session = new KeeperSession(lock, command, flags, resolve);
    signals.relayTo(session);
    session.begin();
  });
}

class KeeperSession implements KeeperActions<Program>, SignalTarget {
  readonly #lock: GatewayLock;
  readonly #command: ProgramCommand;
  readonly #reloadOn: NodeJS.Signals | undefined;
  readonly #readiness: ReadinessOptions;
  readonly #keeper: Keeper<Program>;
  readonly #record: HolderRecord;
  readonly #manager = new ServiceManager(process.env);
  readonly #running = new Map<Program, Readiness | null>();
  readonly #received = new Set<NodeJS.Signals>();
  /** True if the old program of a reload has died before the new one was ready. */
  #isReloadOpen = false;
  readonly #resolve: (end: ChildEnd) => void;
  readonly #stopReaping = reapOrphans(() => [...this.#running.keys()].map(({ pid }) => pid));

  constructor(lock: GatewayLock, command: Command, flags: KeeperFlags, resolve: (end: ChildEnd) => void) {
    const { pid } = process;
    const { reloadOn } = flags;
    const reloadSignal = reloadOn === undefined ? {} : { reloadSignal: reloadOn };
    const name = { pid, startToken: native().processStartToken(pid), ...reloadSignal };
    const notifies = programsInherit && (replacesPrograms(flags) || this.#manager.isPresent);
    this.#lock = lock;
    this.#command = { ...command, keeper: name, graceMs: flags.grace, notifies };
    this.#reloadOn = reloadOn;
    this.#readiness = { endpoint: endpointOf(lock), healthPath: flags.healthPath, timeoutMs: flags.readyTimeout };
    this.#record = new HolderRecord(lock, name);
    this.#keeper = new Keeper<Program>(policies(flags), this);
    this.#resolve = resolve;
  }

  begin(): void {
    this.#keeper.start();
  }

  notice(signal: NodeJS.Signals): void {
    if (signal !== this.#reloadOn) this.#received.add(signal);
    if (!STOPPING.includes(signal)) return;
    this.#manager.stopping();
    this.#keeper.stop({ signal });
  }

  kill(signal: NodeJS.Signals): void {
    if (signal === this.#reloadOn) this.#keeper.reload();
    else this.#keeper.current?.signal(signal);
  }

  start(purpose: Purpose, predecessor: Program | null): Program {
    // Only while no program has the socket: all copies share this setting.
    if (purpose === 'serve' && programsInherit) this.#lock.listener?.setBlocking();
    const program: Program = new Program(this.#command, purpose, predecessor, {
      line: (line) => this.#line(program, line),
      notified: (assignments) => this.#notified(program, assignments),
      ended: (end) => this.#ended(program, end),
    });
    this.#running.set(program, this.#command.notifies ? this.#watch(program) : null);
    return program;
  }

  restartLater(delayMs: number, end: ChildEnd, restart: () => void): () => void {
    const isStandby = this.#keeper.current !== null;
    const program = isStandby ? 'standby' : 'program';
    say(`gateway-lock: the ${program} ended ${endText(end)}; starting it again in ${delayMs} ms`);
    if (!isStandby) this.#record.name(process.pid);
    const timer = setTimeout(restart, delayMs);
    return () => clearTimeout(timer);
  }

  standbyLater(start: () => void): () => void {
    const timer = setTimeout(start, STANDBY_DELAY_MS).unref();
    return () => clearTimeout(timer);
  }

  name({ pid }: Program, isReady: boolean): void {
    if (pid === 0) return;
    this.#isReloadOpen = !isReady;
    this.#record.name(pid, isReady ? undefined : { pid, phase: 'starting' });
  }

  reloading(next: Program): void {
    this.#manager.reloading();
    if (next.pid !== 0) this.#record.showUpgrade({ pid: next.pid, phase: 'starting' });
  }

  draining(next: Program): void {
    this.#record.showUpgrade({ pid: next.pid, phase: 'draining' });
  }

  serving(): void {
    if (this.#isReloadOpen) this.#record.showUpgrade(undefined);
    this.#isReloadOpen = false;
    this.#manager.ready();
  }

  kept(next: Program, reason: KeptReason, end: ChildEnd): void {
    say(`gateway-lock: reload failed: ${keptText(next.pid, reason, end, this.#readiness.timeoutMs)}`);
    this.#record.showUpgrade({ pid: next.pid, phase: 'kept', reason });
    this.#manager.ready();
  }

  refuseReload(): void {
    say('gateway-lock: reload ignored: the program of the last reload is still starting or ending');
  }

  noStandby(): void {
    say('gateway-lock: no standby: the program must adopt the lock and call ready() of gateway-lock');
  }

  finish(end: ChildEnd): void {
    this.#stopReaping();
    this.#resolve(end);
  }

  #watch(program: Program): Readiness {
    return new Readiness(program, this.#readiness, {
      ready: () => this.#keeper.ready(program, program.adopted),
      late: () => this.#keeper.fail(program, 'timed-out'),
    });
  }

  #line(program: Program, line: string): void {
    if (line === 'adopted') program.adopted = true;
    else if (line === 'ready') this.#running.get(program)?.reported();
    else if (line.startsWith('refused')) this.#keeper.fail(program, 'not-adopted');
  }

  #notified(program: Program, assignments: readonly string[]): void {
    // Later, because the line `adopted` may have arrived at the same time.
    if (assignments.includes('READY=1')) setImmediate(() => this.#running.get(program)?.reported());
    if (program === this.#keeper.current) this.#manager.passOn(assignments);
  }

  #ended(program: Program, end: ChildEnd): void {
    this.#running.get(program)?.close();
    this.#running.delete(program);
    // A program that ends by a signal from the user has not failed.
    if (end.signal !== undefined && this.#received.has(end.signal)) this.#keeper.stop(end);
    this.#keeper.ended(program, end);
  }
}

function policies(flags: KeeperFlags) {
  const rules = restartRules(flags);
  return {
    restarts: new RestartPolicy(rules),
    standbys: flags.standby ? new RestartPolicy({ ...rules, mode: 'always' }) : null,
  };
}

function endpointOf({ port, listener }: GatewayLock) {
  return listener === null ? null : { host: connectableAddress(listener.address.address), port };
}
