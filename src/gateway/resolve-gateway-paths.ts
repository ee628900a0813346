// Where the locks of a gateway would lie, for programs that only want to know.
import { type GatewayLockOptions, readGatewayOptions } from './gateway-options.js';

export interface GatewayPaths {
  readonly stateDir: string;
  readonly configPath: string;
  readonly lockDir: string;
  /** In the order in which they are taken. */
  readonly lockPaths: readonly string[];
  readonly host: string;
  readonly port: number;
}

/**
 * What acquireGatewayLock() would use with these options and this environment. Nothing is created.
 *
 * @throws what acquireGatewayLock() throws for its options
 */
export function resolveGatewayPaths(options: GatewayLockOptions = {}): GatewayPaths {
  const { lockPaths, host, port } = readGatewayOptions(options);
  // Also beside a lock file of the caller's own, which needs none of these.
  const { lockFile: _, ...place } = options;
  const { stateDir, configPath, lockDir } = readGatewayOptions(place).paths!;
  return { stateDir, configPath, lockDir, lockPaths: lockPaths.map((path) => path()), host, port };
}
