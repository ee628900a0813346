// The public options of acquireGatewayLock().
import type { ClusterEngine } from '../cluster/index.js';
import type { OwnerRecord } from '../errors.js';
import type { Env } from './app-environment.js';

/** A held lock and its holder, as far as the owner record names one. */
export interface GatewayWait {
  readonly lockPath: string;
  readonly owner: OwnerRecord | null;
  /** null if there is no owner, or if the system cannot determine that. */
  readonly ownerAlive: boolean | null;
}

export interface GatewayLockOptions {
  /**
   * The name of the program in paths (`~/.<app>`) and environment variables (`<APP>_STATE_DIR`).
   *
   * @default 'gateway'
   */
  readonly app?: string;
  /**
   * Name of a further gateway, whose state directory is `~/.<app>-<profile>`. Give it another port
   * too, at least 20 away.
   */
  readonly profile?: string;
  /**
   * The TCP port. With 0 the system chooses one.
   *
   * @default `<APP>_GATEWAY_PORT`, else 18789
   */
  readonly port?: number;
  /**
   * An IP address, or `localhost` for both loopback addresses.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string;
  /**
   * The config file. It need not exist.
   *
   * @default `<APP>_CONFIG_PATH`, else `<stateDir>/<app>.json`
   */
  readonly configPath?: string;
  /**
   * The state directory.
   *
   * @default `<APP>_STATE_DIR`, else `~/.<app>`
   */
  readonly stateDir?: string;
  /**
   * The lock directory. Must belong to this user and must not be writable by others. Gateways with
   * different state directories may share it.
   *
   * @default `<stateDir>/tmp/<app>-<uid>`
   */
  readonly lockDir?: string;
  /**
   * A single lock file in place of the state lock and the config lock, for a program without a
   * state directory. Its directory must exist.
   */
  readonly lockFile?: string;
  /**
   * The role of this process in the owner record. With `app: 'openclaw'` it must be a role that
   * OpenClaw knows: `gateway`, `agent-embedded`, `skill-workshop-apply` or `sqlite-maintenance`.
   * OpenClaw takes over a lock with an unknown role.
   *
   * @default 'gateway'
   */
  readonly role?: string;
  /**
   * Milliseconds to wait for a holder that is starting or closing.
   *
   * @default 5000
   */
  readonly timeoutMs?: number;
  /**
   * Milliseconds to wait for the port, once the locks are acquired and no process listens on it.
   *
   * @default 10000
   */
  readonly bindTimeoutMs?: number;
  /**
   * Behaviour if the lock is held and a process listens on the port: fail at once, or wait up to
   * `timeoutMs`.
   *
   * @default 'fail'
   */
  readonly whenListening?: 'fail' | 'wait';
  /** Ends the wait: the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /**
   * Allows several gateways with one config, each with its own state directory.
   *
   * @default true if `<APP>_ALLOW_MULTI_GATEWAY` is `1`
   */
  readonly allowMultiple?: boolean;
  /**
   * Source of the `<APP>_*` variables. The home directory is always that of the process.
   *
   * @default process.env
   */
  readonly env?: Env;
  /**
   * Called and awaited once for each lock that another process holds. The wait continues
   * afterwards.
   */
  readonly onWait?: (wait: GatewayWait) => unknown;
  /**
   * Behaviour on a file system that grants the lock to two processes at once: fail, emit a process
   * warning, or ignore it.
   *
   * @default 'error'
   */
  readonly weakFileSystem?: 'error' | 'warn' | 'allow';
  /**
   * false acquires the locks only, without binding the port.
   *
   * @default true
   */
  readonly bind?: boolean;
  /** Adds a cluster lock, which is acquired after the locks of this host and before the bind. */
  readonly cluster?: GatewayCluster;
}

/**
 * One gateway on several hosts: a lock on an engine of `gateway-lock/cluster`, in addition to the
 * locks of this host.
 */
export interface GatewayCluster {
  readonly engine: ClusterEngine;
  /** The name of the lock, the same on every host. */
  readonly name: string;
  /**
   * Milliseconds for which the cluster keeps the lock after its last renewal, at least 5000.
   *
   * @default 15000
   */
  readonly ttlMs?: number;
  /**
   * Milliseconds to wait for a gateway on another host.
   *
   * @default 2 * ttlMs
   */
  readonly timeoutMs?: number;
}
