// Probes the health of the gateway on a port. Accepting connections is not enough to be healthy.
import type { ClientRequest } from 'node:http';
import type { TLSSocket } from 'node:tls';
import {
  checkOptions,
  checkPort,
  checkTimeout,
  invalidType,
  invalidValue,
  type OptionNames,
  outOfRange,
} from '../arguments.js';
import { durationText, MAX_TIMER_MS } from '../clock.js';
import { addressesOf, connectableAddress } from '../endpoint.js';
import { loadHttp, loadHttps } from '../native/builtins.js';

/**
 * Options of {@link probeHealth}.
 *
 * @example
 * const options: ProbeHealthOptions = { port: 18789, path: '/live', timeoutMs: 500 };
 * console.log((await probeHealth(options)).healthy);
 */
export interface ProbeHealthOptions {
  /**
   * An IP address or `localhost`. A wildcard is probed on loopback.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string | undefined;
  readonly port: number;
  /**
   * The URL path of the request.
   *
   * @default '/healthz'
   */
  readonly path?: string | undefined;
  /**
   * Milliseconds within which the complete response, including the body, must arrive.
   *
   * @default 1000
   */
  readonly timeoutMs?: number | undefined;
  /**
   * The SHA-256 fingerprint of the gateway's certificate. If set, the probe uses https and trusts
   * only this certificate, regardless of its issuer. 32 bytes in hex, with or without colons, as
   * printed by `openssl x509 -fingerprint -sha256`.
   */
  readonly fingerprint256?: string | undefined;
}

/**
 * The options of a health check that do not depend on the endpoint.
 *
 * @example
 * const health: HealthCheckOptions = { path: '/live', timeoutMs: 500 };
 * console.log((await probeGateway({ health })).health);
 */
export type HealthCheckOptions = Omit<ProbeHealthOptions, 'host' | 'port'>;

/**
 * The result of a health check.
 *
 * @example
 * const { healthy, reason }: HealthProbe = await probeHealth({ port: 18789 });
 * if (!healthy) console.log(reason); // ECONNREFUSED
 */
export interface HealthProbe {
  readonly healthy: boolean;
  /** Why the gateway is not healthy. Null if it is healthy. */
  readonly reason: string | null;
  /** The HTTP status. Null if there was no complete response. */
  readonly status: number | null;
}

const CHECK_OPTIONS: OptionNames<HealthCheckOptions> = { path: true, timeoutMs: true, fingerprint256: true };
const OPTIONS: OptionNames<ProbeHealthOptions> = { ...CHECK_OPTIONS, host: true, port: true };

/** The maximum length of the response body in bytes. */
const BODY_LIMIT = 64 * 1024;

/**
 * Sends a GET request to the gateway. It is healthy if it responds within `timeoutMs` milliseconds
 * with status 200 and a JSON body that contains `ok: true` and `status: "live"`. No other web
 * server counts as healthy: OpenClaw once treated status 404 as healthy, and no gateway was left
 * running (openclaw#110306). The promise never rejects because of the server's behaviour.
 *
 * @example
 * const { healthy, reason } = await probeHealth({ port: 18789 });
 * console.log(healthy ? 'healthy' : `not healthy: ${reason}`);
 * @throws {TypeError|RangeError} `ERR_INVALID_ARG_*`, `ERR_OUT_OF_RANGE`
 */
export async function probeHealth(options: ProbeHealthOptions): Promise<HealthProbe> {
  checkOptions(options, OPTIONS);
  const port = checkPort('port', options.port);
  if (port === 0) throw outOfRange('port', 'an integer from 1 to 65535', port);
  const address = connectableAddress(addressesOf(options.host ?? '127.0.0.1')[0]!);
  const { path, timeoutMs, fingerprint } = readCheckOptions(options);
  try {
    const { status, body } = await get({ address, port, path, fingerprint }, timeoutMs);
    const reason = whyUnhealthy(status, body);
    return { healthy: reason === null, reason, status };
  } catch (error) {
    return { healthy: false, reason: reasonOf(error, timeoutMs), status: null };
  }
}

/** Checks the option `health`, so that mistakes are reported before the later health check. */
export function checkHealthOptions(health: HealthCheckOptions) {
  checkOptions(health, CHECK_OPTIONS, 'health');
  return readCheckOptions(health);
}

function readCheckOptions({ path, timeoutMs, fingerprint256 }: HealthCheckOptions) {
  return {
    path: checkUrlPath(path ?? '/healthz'),
    timeoutMs: checkTimeout('timeoutMs', timeoutMs ?? 1000),
    fingerprint: checkFingerprint(fingerprint256),
  };
}

function checkUrlPath(value: unknown): string {
  if (typeof value !== 'string') throw invalidType('path', 'a string', value);
  if (!/^\/[\x21-\x7e]*$/.test(value)) throw invalidValue('path', "a URL path such as '/healthz'", value);
  return value;
}

function checkFingerprint(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw invalidType('fingerprint256', 'a string', value);
  const fingerprint = normalized(value)!;
  if (!/^[0-9a-f]{64}$/.test(fingerprint)) throw invalidValue('fingerprint256', '32 bytes in hex', value);
  return fingerprint;
}

function whyUnhealthy(status: number, body: string): string | null {
  if (status !== 200) return `status ${status} is not 200`;
  try {
    const answer: unknown = JSON.parse(body);
    const { ok, status: word } = Object(answer) as { ok?: unknown; status?: unknown };
    return ok === true && word === 'live' ? null : 'the answer is not {"ok":true,"status":"live"}';
  } catch {
    return 'the answer is not JSON';
  }
}

function reasonOf(error: unknown, timeoutMs: number): string {
  const { name, code, message } = error as NodeJS.ErrnoException;
  return name === 'TimeoutError' ? `no complete answer within ${durationText(timeoutMs)}` : (code ?? message);
}

interface HealthRequest {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  readonly fingerprint: string | undefined;
}

function get(request: HealthRequest, timeoutMs: number): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = send(request);
    const timer = setTimeout(
      () => sent.destroy(Object.assign(new Error('timeout'), { name: 'TimeoutError' })),
      Math.min(timeoutMs, MAX_TIMER_MS),
    );
    sent.once('error', reject);
    // After a response with status 101, Node emits 'upgrade' and 'close', but neither 'response'
    // nor 'error'.
    sent.once('upgrade', (_response, socket) => socket.destroy());
    sent.once('close', () => {
      clearTimeout(timer);
      reject(new Error('the server ended the connection without an answer'));
    });
    sent.once('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.once('error', reject);
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > BODY_LIMIT) sent.destroy(new Error(`the answer is longer than ${BODY_LIMIT} bytes`));
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
  });
}

/**
 * Uses `agent: false`, because an old kept-alive connection could hide that the server has ended.
 */
function send({ address, port, path, fingerprint }: HealthRequest): ClientRequest {
  const options = { host: address, port, path, agent: false, headers: { connection: 'close' } };
  if (fingerprint === undefined) return loadHttp().request(options).end();
  const sent = loadHttps().request({ ...options, rejectUnauthorized: false });
  sent.once('socket', (socket) => {
    // The certificate is checked before the request is sent.
    socket.once('secureConnect', () => {
      const { fingerprint256 } = (socket as TLSSocket).getPeerCertificate();
      if (normalized(fingerprint256) === fingerprint) sent.end();
      else sent.destroy(new Error(`the certificate has another fingerprint: ${fingerprint256 ?? 'none'}`));
    });
  });
  return sent;
}

function normalized(fingerprint: string | undefined): string | undefined {
  return fingerprint?.replaceAll(':', '').toLowerCase();
}
