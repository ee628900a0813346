// The etcd engine, which uses etcd 3.4 or later over gRPC.
import { checkOptions, invalidType, invalidValue, type OptionNames } from '../../arguments.js';
import { ClusterEngine } from '../cluster-engine.js';
import type { Claim, ClaimRequest, ClusterFinding, ClusterHolder, Driver } from '../driver.js';
import { Endpoints } from './etcd/channel.js';
import { EtcdClaim, holderOf } from './etcd/claim.js';
import { EtcdClient } from './etcd/client.js';
import { inspectEtcd } from './etcd/inspect.js';
import { queueRequest } from './etcd/messages.js';
import type { EtcdEngineOptions } from './etcd/options.js';

/**
 * Returns an engine whose locks are keys of an etcd cluster. The token is the create revision of
 * the holder's key.
 *
 * @example
 * const endpoints = ['https://a.example:2379', 'https://b.example:2379', 'https://c.example:2379'];
 * const engine = etcdEngine({ endpoints });
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {TypeError} ERR_INVALID_ARG_VALUE
 */
export function etcdEngine(options: EtcdEngineOptions): ClusterEngine {
  return new ClusterEngine(new EtcdDriver(options));
}

const OPTIONS: OptionNames<EtcdEngineOptions> = { endpoints: true, tls: true, auth: true, prefix: true };

class EtcdDriver implements Driver {
  readonly kind = 'etcd';
  readonly target: string;
  readonly endpoints: number;
  readonly #options: EtcdEngineOptions;
  readonly #endpoints: Endpoints;

  constructor(options: EtcdEngineOptions) {
    checkOptions(options, OPTIONS);
    const urls = checkEndpoints(options.endpoints);
    this.#options = options;
    this.#endpoints = new Endpoints(urls);
    this.target = `etcd at ${urls.join(', ')}`;
    this.endpoints = urls.length;
  }

  claim(request: ClaimRequest): Claim {
    return new EtcdClaim(this.#client(), this.#prefixOf(request.name), request);
  }

  holder(name: string, signal: AbortSignal): Promise<ClusterHolder | null> {
    return this.#withClient(async (client) =>
      holderOf((await client.range(queueRequest(this.#prefixOf(name)), signal)).kvs[0]),
    );
  }

  revoke(claimId: string, signal: AbortSignal): Promise<void> {
    if (!/^[0-9a-f]{1,16}$/.test(claimId)) throw invalidValue('claimId', 'a lease in hexadecimal', claimId);
    return this.#withClient((client) => client.revoke(BigInt(`0x${claimId}`), signal));
  }

  inspect(name: string, signal: AbortSignal): Promise<readonly ClusterFinding[]> {
    return inspectEtcd(this.#options, this.#endpoints.urls, this.#prefixOf(name), signal);
  }

  #prefixOf(name: string): string {
    return `${this.#options.prefix ?? 'gateway-lock/'}${name}/`;
  }

  #client(): EtcdClient {
    return new EtcdClient(this.#endpoints, this.#options.tls, this.#options.auth);
  }

  /** Runs one request on a separate connection. */
  async #withClient<T>(request: (client: EtcdClient) => Promise<T>): Promise<T> {
    const client = this.#client();
    try {
      return await request(client);
    } finally {
      client.destroy();
    }
  }
}

function checkEndpoints(endpoints: unknown): readonly string[] {
  if (!Array.isArray(endpoints)) throw invalidType('endpoints', 'an array of URLs', endpoints);
  if (endpoints.length === 0) throw invalidValue('endpoints', 'at least one URL', endpoints);
  return endpoints.map(checkEndpoint);
}

function checkEndpoint(endpoint: unknown): string {
  if (typeof endpoint !== 'string') throw invalidType('endpoints', 'an array of URLs', endpoint);
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw invalidValue('endpoints', "URLs such as 'https://host:2379'", endpoint);
  if (url.username !== '' || url.password !== '')
    throw invalidValue('endpoints', 'URLs without user and password', url.host);
  return url.origin;
}
