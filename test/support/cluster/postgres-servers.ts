// Starts PostgreSQL and pgbouncer on loopback, with data in memory. PostgreSQL refuses to run as
// root, so tests that run as root start it as the user created by Debian's package.
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { eventually, freePorts, memoryDirectory, removeDirectory, runAs, ServerProcess } from './server-process.js';

const USER = 'postgres';
const VERSIONS = '/usr/lib/postgresql';

/**
 * Returns the program directory of the newest PostgreSQL installed from Debian packages, or null if
 * there is none.
 */
export function postgresPrograms(): string | null {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.length === 0 ? null : join(VERSIONS, versions[0]!, 'bin');
}

/** A PostgreSQL server with a separate data directory. */
export class PostgresServer {
  readonly port: number;
  readonly directory: string;
  readonly #root: string;
  #process: ServerProcess | null = null;

  readonly #listenOn: string;

  private constructor(root: string, name: string, port: number, listenOn = '127.0.0.1') {
    this.#root = root;
    this.#listenOn = listenOn;
    this.directory = join(root, name);
    this.port = port;
  }

  /** Creates a primary and starts it. */
  static async start(listenOn?: string): Promise<PostgresServer> {
    const [port] = await freePorts(1);
    const server = new PostgresServer(ownDirectory(), 'primary', port!, listenOn);
    await runAs(
      USER,
      [program('initdb'), '-D', server.directory, '--no-sync', '-A', 'trust', '-U', 'postgres'],
      server.#root,
    );
    await server.restart();
    return server;
  }

  /**
   * Starts an asynchronous standby of this server. `from` is the port of this server, or of a proxy
   * in front of it.
   */
  async standby(from = this.port): Promise<PostgresServer> {
    const [port] = await freePorts(1);
    const standby = new PostgresServer(ownDirectory(), 'standby', port!);
    const source = ['-h', '127.0.0.1', '-p', String(from), '-U', 'postgres', '--no-sync', '-R', '--checkpoint=fast'];
    await runAs(USER, [program('pg_basebackup'), '-D', standby.directory, ...source], standby.#root);
    await standby.restart();
    return standby;
  }

  url(port = this.port): string {
    return `postgres://postgres@127.0.0.1:${port}/postgres`;
  }

  /** Starts the server, and waits until it accepts queries. */
  async restart(): Promise<void> {
    this.#process = new ServerProcess(
      [
        program('postgres'),
        '-D',
        this.directory,
        '-p',
        String(this.port),
        '-h',
        this.#listenOn,
        '-k',
        this.#root,
        '-c',
        'fsync=off',
        // Keeps shared memory in the data directory, because a killed server would leave it behind
        // in /dev/shm.
        '-c',
        'dynamic_shared_memory_type=mmap',
      ],
      { user: USER, cwd: this.#root },
    );
    await eventually(() => {
      if (this.#process?.running !== true) throw new Error(`PostgreSQL did not start: ${this.#process?.output}`);
      return this.query('select 1');
    });
  }

  /**
   * Stops the server: SIGINT is a fast shutdown, SIGQUIT an immediate shutdown, SIGKILL a crash.
   */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    await this.#process?.stop(signal);
  }

  get running(): boolean {
    return this.#process?.running === true;
  }

  /**
   * Kills one of the server's processes, so that PostgreSQL ends all sessions and recovers. The
   * postmaster keeps running.
   */
  async crash(): Promise<void> {
    const client = new pg.Client({ connectionString: this.url() });
    const ended = new Promise((resolve) => client.on('error', resolve));
    await client.connect();
    process.kill((await client.query('select pg_backend_pid() as pid')).rows[0].pid, 'SIGKILL');
    await ended;
  }

  /** Promotes this standby. */
  async promote(): Promise<void> {
    await runAs(USER, [program('pg_ctl'), 'promote', '-D', this.directory], this.#root);
  }

  /** Runs a query on a separate connection. */
  async query(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.url() });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Stops the server and removes its data. */
  async remove(): Promise<void> {
    await this.stop('SIGQUIT');
    removeDirectory(this.#root);
  }
}

/** Starts pgbouncer in transaction mode in front of `server`. */
export async function startPgbouncer(server: PostgresServer) {
  const [port] = await freePorts(1);
  const directory = ownDirectory();
  const settings = [
    '[databases]',
    `postgres = host=127.0.0.1 port=${server.port} dbname=postgres`,
    '[pgbouncer]',
    `listen_port = ${port}`,
    'listen_addr = 127.0.0.1',
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    'default_pool_size = 2',
  ];
  settings[1] += ' user=postgres';
  writeFileSync(join(directory, 'pgbouncer.ini'), `${settings.join('\n')}\n`);
  const bouncer = new ServerProcess(['pgbouncer', join(directory, 'pgbouncer.ini')], { user: USER, cwd: directory });
  return {
    url: server.url(port),
    process: bouncer,
    stop: async () => {
      await bouncer.stop();
      removeDirectory(directory);
    },
  };
}

function ownDirectory(): string {
  const directory = memoryDirectory();
  if (process.getuid?.() === 0) {
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(spawnSync('id', [flag, USER], { encoding: 'utf8' }).stdout));
    chownSync(directory, uid!, gid!);
  }
  return directory;
}

function program(name: string): string {
  return join(postgresPrograms()!, name);
}
