// The public interface of gateway-lock. Contains no logic. Includes what gateway-lock/lock exports.
export type { BindExclusiveOptions } from './bind/bind-exclusive.js';
export { bindExclusive } from './bind/bind-exclusive.js';
export type { BoundAddress, BoundListener } from './bind/bound-listener.js';
export type { CloseOptions, Drain } from './bind/close-server.js';
export type { GatewayLockErrorCode, GatewayLockErrorDetails } from './errors.js';
export { GatewayLockError } from './errors.js';
export type { SupervisedDecision } from './events.js';
export { acquireGatewayLock } from './gateway/acquire-gateway-lock.js';
export type { Env } from './gateway/app-environment.js';
export type { DetectSupervisorOptions, Supervisor } from './gateway/detect-supervisor.js';
export { detectSupervisor } from './gateway/detect-supervisor.js';
export type { SearchOptions } from './gateway/find-lock-files.js';
export { listStateDirectories } from './gateway/find-lock-files.js';
export type { GatewayLock } from './gateway/gateway-lock.js';
export type { GatewayCluster, GatewayLockOptions, GatewayWait } from './gateway/gateway-lock-options.js';
export type { ExecProgram, Inheritance } from './gateway/inheritance.js';
export type { ListedLock, ListLocksOptions } from './gateway/list-locks.js';
export { listLocks } from './gateway/list-locks.js';
export type { GatewayProbe, ProbeGatewayOptions } from './gateway/probe-gateway.js';
export { probeGateway } from './gateway/probe-gateway.js';
export type { GatewayPaths } from './gateway/resolve-gateway-paths.js';
export { resolveGatewayPaths } from './gateway/resolve-gateway-paths.js';
export type { SupervisedOutcome } from './gateway/start-supervised.js';
export { startSupervised } from './gateway/start-supervised.js';
export type { HealthCheck, StartSupervisedOptions, SupervisedAttempt } from './gateway/supervised-options.js';
export type {
  UpgradeFailure,
  UpgradeOptions,
  UpgradeOutcome,
  UpgradeStream,
} from './gateway/upgrade/upgrade-options.js';
export * from './lock/index.js';
export type { HealthCheckOptions, HealthProbe, ProbeHealthOptions } from './probe/probe-health.js';
export { probeHealth } from './probe/probe-health.js';
export type { PortProbe, ProbePortOptions } from './probe/probe-port.js';
export { probePort } from './probe/probe-port.js';
