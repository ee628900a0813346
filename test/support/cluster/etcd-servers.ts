// Starts the members of an etcd cluster on loopback, with data in memory.
import { spawnSync } from 'node:child_process';
import { freePorts, memoryDirectory, removeDirectory, ServerProcess } from './server-process.js';

/** The paths of a certificate, its key and its authority's certificate. */
export interface EtcdCertificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** The certificates of a cluster that requires client certificates. */
export interface Identities {
  readonly server: EtcdCertificates;
  /** The client certificate with which tests check the members' health. */
  readonly client: EtcdCertificates;
}

interface Member {
  readonly name: string;
  readonly args: readonly string[];
  readonly url: string;
  process: ServerProcess;
}

/** A running etcd cluster. */
export class EtcdServers {
  readonly #directory = memoryDirectory();
  readonly #members: Member[] = [];
  readonly #listenOn: string;

  private constructor(listenOn: string) {
    this.#listenOn = listenOn;
  }

  /**
   * Starts the members. With `certificates`, clients need a certificate from the same authority.
   */
  static async start(
    count = 3,
    certificates?: Identities,
    flags: readonly string[] = [],
    listenOn = '127.0.0.1',
  ): Promise<EtcdServers> {
    const servers = new EtcdServers(listenOn);
    await servers.#start(count, certificates, flags);
    return servers;
  }

  get endpoints(): string[] {
    return this.#members.map(({ url }) => url);
  }

  get ports(): number[] {
    return this.#members.map(({ url }) => Number(new URL(url).port));
  }

  /** Returns the index of the leader, or -1 if there is no leader. */
  leader(): number {
    const statuses = this.#members.map(({ url }) => this.#status(url));
    return statuses.findIndex((status) => status !== null && status.member === status.leader);
  }

  async kill(index: number): Promise<void> {
    await this.#members[index]!.process.stop('SIGKILL');
  }

  restart(index: number): void {
    const member = this.#members[index]!;
    if (!member.process.running) member.process = new ServerProcess(member.args);
  }

  get running(): boolean[] {
    return this.#members.map(({ process: { running } }) => running);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map(({ process: server }) => server.stop('SIGKILL')));
    removeDirectory(this.#directory);
  }

  async #start(count: number, certificates: Identities | undefined, flags: readonly string[]): Promise<void> {
    const ports = await freePorts(2 * count);
    const names = Array.from({ length: count }, (_, index) => `m${index}`);
    const peers = names.map((name, index) => `${name}=http://127.0.0.1:${ports[count + index]}`).join(',');
    for (const [index, name] of names.entries()) {
      const scheme = certificates === undefined ? 'http' : 'https';
      const url = `${scheme}://127.0.0.1:${ports[index]}`;
      const peer = `http://127.0.0.1:${ports[count + index]}`;
      const args = [
        'etcd',
        '--name',
        name,
        '--data-dir',
        `${this.#directory}/${name}`,
        '--unsafe-no-fsync',
        '--log-level',
        'error',
        '--listen-client-urls',
        `${scheme}://${this.#listenOn}:${ports[index]}`,
        '--advertise-client-urls',
        url,
        '--listen-peer-urls',
        peer,
        '--initial-advertise-peer-urls',
        peer,
        '--initial-cluster',
        peers,
        ...tlsFlags(certificates?.server),
        ...flags,
      ];
      this.#members.push({ name, args, url, process: new ServerProcess(args) });
    }
    await this.#untilHealthy(certificates);
  }

  async #untilHealthy(certificates: Identities | undefined): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (etcdctl(this.endpoints, ['endpoint', 'health', ...clientTls(certificates?.client)]).status !== 0) {
      const ended = this.#members.find(({ process: { running } }) => !running);
      if (ended !== undefined || Date.now() > deadline)
        throw new Error(`etcd did not start: ${(ended ?? this.#members[0]!).process.output}`);
    }
  }

  #status(url: string): { member: string; leader: string } | null {
    const { status, stdout } = etcdctl([url], ['endpoint', 'status', '-w', 'json']);
    if (status !== 0) return null;
    const [{ Status }] = JSON.parse(stdout.replaceAll(/:(\d{15,})/g, ':"$1"'));
    return { member: String(Status.header.member_id), leader: String(Status.leader) };
  }
}

/** Returns the options of etcdctl for a client certificate. */
export function clientTls(certificates: EtcdCertificates | undefined): string[] {
  if (certificates === undefined) return [];
  return ['--cacert', certificates.ca, '--cert', certificates.cert, '--key', certificates.key];
}

function tlsFlags(certificates: EtcdCertificates | undefined): string[] {
  if (certificates === undefined) return [];
  const { ca, cert, key } = certificates;
  return ['--client-cert-auth', '--trusted-ca-file', ca, '--cert-file', cert, '--key-file', key];
}

/** Runs etcdctl and waits until it ends. */
export function etcdctl(endpoints: readonly string[], args: readonly string[]) {
  const env = { ...process.env, ETCDCTL_API: '3' };
  const all = ['--endpoints', endpoints.join(','), '--dial-timeout', '2s', '--command-timeout', '3s', ...args];
  return spawnSync('etcdctl', all, { encoding: 'utf8', env, timeout: 30_000 });
}
