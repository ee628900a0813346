// The options of the etcd engine.
import type { EtcdTls } from './channel.js';
import type { EtcdAuth } from './client.js';

/**
 * Options of `etcdEngine`.
 *
 * @example
 * const options: EtcdEngineOptions = { endpoints: ['https://etcd.example:2379'], prefix: 'locks/' };
 * const engine = etcdEngine(options);
 */
export interface EtcdEngineOptions {
  /**
   * URLs of the members: `https://host:2379`, or `http://` if the network protects the connection
   * (for example by a network namespace or a proxy).
   */
  readonly endpoints: readonly string[];
  /** Certificates. If authentication is enabled, the common name of `cert` is the etcd user. */
  readonly tls?: EtcdTls | undefined;
  /** User and password, for clusters that use authentication without client certificates. */
  readonly auth?: EtcdAuth | undefined;
  /**
   * Prefix of the etcd keys of each lock. With the default prefix, `etcdctl lock gateway-lock/NAME`
   * and the lock NAME exclude each other.
   *
   * @default 'gateway-lock/'
   */
  readonly prefix?: string | undefined;
}
