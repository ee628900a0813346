// The port: free, ours, or somebody else's.
import {
  bindLimit,
  DENIED_PORT_ADVICE,
  type GatewayProbe,
  listListenersCommand,
  type PortProbe,
  probeGateway,
  probePort,
  stopCommand,
} from '../../../index.js';
import { error, info, ok, type Report, type Subject, warning } from './finding.js';

/** A gateway that has its lock and does not listen for so long is not merely starting. */
const STARTING_MS = 60_000;

export async function checkPort({ options }: Subject): Promise<Report[]> {
  const gateway = await probeGateway(options);
  if (gateway.port === 0) return [info('port 0: the system chooses one')];
  const limit = bindLimit(gateway.host);
  return [await judge(gateway), ...(limit === null ? [] : [info(limit)])];
}

async function judge(gateway: GatewayProbe): Promise<Report> {
  if (gateway.state === 'running') return judgeRunning(gateway);
  if (gateway.state === 'starting') return judgeStarting(gateway);
  if (gateway.state === 'foreign') return foreign(gateway);
  return judgeUnused(await probePort({ host: gateway.host, port: gateway.port }));
}

function judgeRunning({ owner, health, host, port, ownerAlive }: GatewayProbe): Report {
  const who = owner === null || ownerAlive === false ? 'a gateway' : `the gateway (pid ${owner.pid})`;
  if (health?.healthy) return ok(`${who} answers on ${host}:${port} and is healthy`);
  const advice = ownerAlive ? `Look at its log; to stop it: ${stopCommand(owner!.pid)}` : 'Look at its log';
  return error(`${who} answers on ${host}:${port} and is not healthy: ${health?.reason ?? 'no answer'}`, advice);
}

function judgeStarting(gateway: GatewayProbe): Report {
  const { owner, host, port } = gateway;
  if (gateway.health !== null) return foreign(gateway);
  const who = owner === null ? 'an unknown process' : `pid ${owner.pid}`;
  const waitedMs = Date.now() - Date.parse(owner?.createdAt ?? '');
  const message = `${who} holds ${gateway.lockPath}, and no process listens on ${host}:${port}`;
  if (!(waitedMs > STARTING_MS)) return info(`${message}: it is starting, or needs no port`);
  const stop = gateway.ownerAlive ? `; to stop it: ${stopCommand(owner!.pid)}` : '';
  return warning(message, `Unless it needs no port, look at its log${stop}`);
}

function foreign({ host, port, listenerPid, health }: GatewayProbe): Report {
  const who = listenerPid === null ? 'an unknown process' : `pid ${listenerPid}`;
  const stop =
    listenerPid === null ? `See which: ${listListenersCommand(port)}` : `Stop it (${stopCommand(listenerPid)})`;
  const kind = health?.healthy ? 'a gateway that does not hold this lock' : 'no gateway of ours';
  return error(`${who} listens on ${host}:${port}, ${kind}`, `${stop}, or choose another port with --port`);
}

function judgeUnused({ state, host, port, pid, cause }: PortProbe): Report {
  const place = `${host}:${port}`;
  const reason = (cause as Error | null)?.message ?? 'unknown';
  if (state === 'free') return ok(`${place} is free`);
  if (state === 'denied' || isDenied(cause)) return error(`${place} cannot be bound: ${reason}`, deniedAdvice(cause));
  const message = `${place} is in use, but no process is listening: ${reason}`;
  return pid === null
    ? error(message, `See which process uses it: ${listListenersCommand(port)}`)
    : error(
        message,
        `A connection of pid ${pid} uses it: stop it (${stopCommand(pid)}), or choose another port with --port`,
      );
}

function deniedAdvice(cause: unknown): string {
  return isDenied(cause) ? DENIED_PORT_ADVICE : 'Choose an address of this host';
}

function isDenied(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException | null)?.code === 'EACCES';
}
