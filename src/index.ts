// The public interface of gateway-lock. Contains no logic.
export type { BindExclusiveOptions } from './bind/bind-exclusive.js';
export { bindExclusive } from './bind/bind-exclusive.js';
export type { BoundAddress, BoundListener } from './bind/bound-listener.js';
export type { CloseOptions, Drain } from './bind/close-server.js';
export type { Endpoint } from './endpoint.js';
export type {
  GatewayLockErrorCode,
  GatewayLockErrorDetails,
  KeeperReference,
  LockErrorCode,
  LockErrorDetails,
  OwnerRecord,
  ProcessReference,
  UpgradeState,
} from './errors.js';
export { GatewayLockError, LockError } from './errors.js';
export type { EventChannel, GatewayLockEvents, SupervisedDecision } from './events.js';
export { eventChannel } from './events.js';
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
export type { AcquireLockOptions } from './lock/acquire.js';
export { acquireLock, tryAcquireLock } from './lock/acquire.js';
export type { FileLock, LockMode, WaitMode } from './lock/file-lock.js';
export type { ReclaimReason } from './lock/leftover.js';
export type { TryAcquireLockOptions } from './lock/lock-options.js';
export type { LostListener } from './lock/loss-watch.js';
export type {
  HeldLockProbe,
  LeftoverLockProbe,
  LockProbe,
  ProbeLockOptions,
  UnheldLockProbe,
} from './lock/probe-lock.js';
export { probeLock } from './lock/probe-lock.js';
export type { OwnerFields } from './lock/record-encoder.js';
export type { LockedFunction } from './lock/with-lock.js';
export { withLock } from './lock/with-lock.js';
export type { LockStrength } from './native/binding.js';
export type { NativeBindingOptions } from './native/load.js';
export type { HealthCheckOptions, HealthProbe, ProbeHealthOptions } from './probe/probe-health.js';
export { probeHealth } from './probe/probe-health.js';
export type { PortProbe, ProbePortOptions } from './probe/probe-port.js';
export { probePort } from './probe/probe-port.js';
