// The public options of acquireGatewayLock().
import type { PathLike } from 'node:fs';
import type { ClusterEngine } from '../cluster/index.js';
import type { OwnerRecord } from '../errors.js';
import type { NativeBindingOptions } from '../native/load.js';
import type { Env } from './app-environment.js';

/**
 * A held lock, and its holder if known.
 *
 * @example
 * const onWait = ({ lockPath, owner }: GatewayWait) => console.log(`pid ${owner?.pid} holds ${lockPath}`);
 * await (await acquireGatewayLock({ onWait })).close();
 */
export interface GatewayWait {
  readonly lockPath: string;
  readonly owner: OwnerRecord | null;
  /**
   * True if the owner is alive, false if it has ended. Null if there is no owner or its state is
   * unknown.
   */
  readonly ownerAlive: boolean | null;
  /**
   * The living process that holds the lock, if the record names a dead process: a process
   * that has inherited the lock. Linux only. Absent if the record names the holder, or unknown.
   */
  readonly holderPid?: number;
}

/**
 * Options of {@link acquireGatewayLock}.
 *
 * @example
 * const options: GatewayLockOptions = { app: 'chat', port: 18809, timeoutMs: 2000 };
 * console.log(resolveGatewayPaths(options).stateDir);
 */
export interface GatewayLockOptions extends NativeBindingOptions {
  /**
   * The name of the program in paths (`~/.<app>`) and environment variables (`<APP>_STATE_DIR`).
   *
   * @default 'gateway'
   */
  readonly app?: string | undefined;
  /**
   * The name of an additional gateway, whose state directory is `~/.<app>-<profile>`. Its port must
   * differ by at least 20 from the port of every other gateway.
   */
  readonly profile?: string | undefined;
  /**
   * The TCP port. If 0, the system chooses a free port.
   *
   * @default `<APP>_GATEWAY_PORT`, else 18789
   */
  readonly port?: number | undefined;
  /**
   * An IP address, or `localhost` for both loopback addresses.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string | undefined;
  /**
   * The path of the config file, which does not have to exist.
   *
   * @default `<APP>_CONFIG_PATH`, else `<stateDir>/<app>.json`
   */
  readonly configPath?: PathLike | undefined;
  /**
   * The state directory.
   *
   * @default `<APP>_STATE_DIR`, else `~/.<app>`
   */
  readonly stateDir?: PathLike | undefined;
  /**
   * The lock directory, which must belong to this user and must not be writable by other users.
   * Gateways with different state directories may share a lock directory.
   *
   * @default `<stateDir>/tmp/<app>-<uid>`
   */
  readonly lockDir?: PathLike | undefined;
  /**
   * The path of a single lock file that replaces the state lock and the config lock, for a program
   * without a state directory. The file's directory must exist.
   */
  readonly lockFile?: PathLike | undefined;
  /**
   * The role of this process in the owner record. With `app: 'openclaw'` the role must be
   * `gateway`, `agent-embedded`, `skill-workshop-apply` or `sqlite-maintenance`, because OpenClaw
   * takes over a lock whose record contains an unknown role.
   *
   * @default 'gateway'
   */
  readonly role?: string | undefined;
  /**
   * Milliseconds to wait for a holder that is starting or closing.
   *
   * @default 5000
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Milliseconds to wait, once the locks have been acquired, for a port that is in use although no
   * process listens on it.
   *
   * @default 10000
   */
  readonly bindTimeoutMs?: number | undefined;
  /**
   * What to do if the lock is held and a process listens on the port: `fail` throws at once, `wait`
   * waits up to `timeoutMs`.
   *
   * @default 'wait' in an app that PM2 runs in cluster mode, because `pm2 reload` stops the old
   * gateway only after it has started the new one; 'fail' otherwise
   */
  readonly whenListening?: 'fail' | 'wait' | undefined;
  /** Aborts the wait: the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * If true, several gateways may use the same config file, each with its own state directory.
   *
   * @default true if `<APP>_ALLOW_MULTI_GATEWAY` is `1`
   */
  readonly allowMultiple?: boolean | undefined;
  /**
   * The environment for the `<APP>_*` variables. The home directory is always that of this process.
   *
   * @default process.env
   */
  readonly env?: Env | undefined;
  /**
   * Called once for each lock that another process holds. A returned promise is awaited before the
   * wait continues.
   */
  readonly onWait?: ((wait: GatewayWait) => unknown) | undefined;
  /**
   * What to do on a file system that grants the lock to two processes at once: `error` fails,
   * `warn` emits a process warning, and `allow` ignores the problem.
   *
   * @default 'error'
   */
  readonly weakFileSystem?: 'error' | 'warn' | 'allow' | undefined;
  /**
   * If false, acquires the locks without binding the port.
   *
   * @default true
   */
  readonly bind?: boolean | undefined;
  /**
   * The maximum number of connections waiting to be accepted. The system may have a lower limit
   * (Linux: `net.core.somaxconn`).
   *
   * @default 4096
   */
  readonly backlog?: number | undefined;
  /**
   * What to do with locks and a socket that this process has inherited. `adopt` takes them over
   * from a gateway that this process replaces, from `gateway-lock run`, or (the socket only) from a
   * systemd .socket unit, if they are the locks and the port that these options ask for. Otherwise,
   * and with `ignore`, the gateway acquires its own.
   *
   * @default 'adopt'
   */
  readonly inherited?: 'adopt' | 'ignore' | undefined;
  /** Adds a cluster lock, which is acquired after the locks of this host and before the bind. */
  readonly cluster?: GatewayCluster | undefined;
}

/**
 * A cluster lock, which allows at most one gateway across several hosts. It is acquired in addition
 * to the locks of this host, and uses an engine from `gateway-lock/cluster`.
 *
 * @example
 * import { etcdEngine } from 'gateway-lock/cluster';
 *
 * const engine = etcdEngine({ endpoints: ['https://etcd.example:2379'] });
 * const cluster: GatewayCluster = { engine, name: 'chat', ttlMs: 15_000 };
 * await acquireGatewayLock({ cluster });
 */
export interface GatewayCluster {
  readonly engine: ClusterEngine;
  /** The name of the cluster lock, which must be the same on every host. */
  readonly name: string;
  /**
   * How long the cluster keeps the lock after its last renewal, in milliseconds (at least 5000).
   *
   * @default 15000
   */
  readonly ttlMs?: number | undefined;
  /**
   * Milliseconds to wait for a gateway on another host.
   *
   * @default 2 * ttlMs
   */
  readonly timeoutMs?: number | undefined;
}
