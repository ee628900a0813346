// Resolves the paths and the endpoint of a gateway without starting it.
import type { GatewayLockOptions } from './gateway-lock-options.js';
import { readGatewayOptions } from './gateway-options.js';

/**
 * The paths and the endpoint of a gateway.
 *
 * @example
 * const { stateDir, configPath, lockPaths }: GatewayPaths = resolveGatewayPaths();
 * console.log(stateDir, configPath, lockPaths);
 */
export interface GatewayPaths {
  readonly stateDir: string;
  readonly configPath: string;
  readonly lockDir: string;
  /** The paths of the lock files, in the order of acquisition. */
  readonly lockPaths: readonly string[];
  readonly host: string;
  readonly port: number;
}

/**
 * Returns the paths and the endpoint that acquireGatewayLock() would use with these options and
 * this environment. Does not create anything.
 *
 * @example
 * const { stateDir, port } = resolveGatewayPaths({ profile: 'staging', port: 18809 });
 * console.log(stateDir, port); // /home/me/.gateway-staging 18809
 * @throws the errors that acquireGatewayLock() throws for invalid options
 */
export function resolveGatewayPaths(options: GatewayLockOptions = {}): GatewayPaths {
  const { lockPaths, host, port } = readGatewayOptions(options);
  // With `lockFile` the lock needs no state directory, but the result contains one anyway.
  const { lockFile: _, ...others } = options;
  const { stateDir, configPath, lockDir } = readGatewayOptions(others).paths!;
  return { stateDir, configPath, lockDir, lockPaths: lockPaths.map((path) => path()), host, port };
}
