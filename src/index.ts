// The public interface of gateway-lock. Contains no logic.
export type { BindExclusiveOptions } from './bind/bind-exclusive.js';
export { bindExclusive } from './bind/bind-exclusive.js';
export type { BoundAddress, BoundListener, CloseOptions } from './bind/bound-listener.js';
export type { Endpoint } from './endpoint.js';
export type {
  GatewayLockErrorCode,
  KeeperReference,
  LockErrorCode,
  OwnerRecord,
  ProcessReference,
  UpgradeState,
} from './errors.js';
export { GatewayLockError, LockError } from './errors.js';
export type { GatewayLockEvents, SupervisedDecision } from './events.js';
export { acquireGatewayLock } from './gateway/acquire-gateway-lock.js';
/** @internal For src/cli. */
export { DEFAULT_APP, variableName } from './gateway/app-environment.js';
export type { DetectSupervisorOptions, Supervisor } from './gateway/detect-supervisor.js';
export { detectSupervisor } from './gateway/detect-supervisor.js';
export { listStateDirectories } from './gateway/find-lock-files.js';
export type { GatewayLock } from './gateway/gateway-lock.js';
export type { GatewayCluster, GatewayLockOptions, GatewayWait } from './gateway/gateway-lock-options.js';
export type { ExecProgram, Inheritance } from './gateway/inheritance.js';
/** @internal For src/cli. */
export { activationOf, environmentWith, execAs, withSockets } from './gateway/inheritance.js';
/** @internal For src/cli. */
export { formatInherited, INHERITED_VARIABLE } from './gateway/inherited/variable.js';
/** @internal For src/cli. */
export { killChildrenOnExit } from './gateway/kill-children-on-exit.js';
export type { ListedLock, ListLocksOptions } from './gateway/list-locks.js';
export { listLocks } from './gateway/list-locks.js';
/** @internal For src/cli. */
export { isLockFileName } from './gateway/lock-directories.js';
export type { GatewayProbe, ProbeGatewayOptions } from './gateway/probe-gateway.js';
export { probeGateway } from './gateway/probe-gateway.js';
/** @internal For src/cli. */
export { type GatewayLockProbe, probeGatewayLock } from './gateway/probe-gateway-lock.js';
export type { GatewayPaths } from './gateway/resolve-gateway-paths.js';
export { resolveGatewayPaths } from './gateway/resolve-gateway-paths.js';
/** @internal For src/cli. */
export { notifyReady, notifyServiceManager } from './gateway/service-manager.js';
export type { SupervisedOutcome } from './gateway/start-supervised.js';
export { startSupervised } from './gateway/start-supervised.js';
/** @internal For src/cli. */
export { findForeignParent } from './gateway/sudo-home.js';
export type { HealthCheck, StartSupervisedOptions, SupervisedAttempt } from './gateway/supervised-options.js';
/** @internal For src/cli. */
export { listenStream, systemdHint } from './gateway/systemd-hint.js';
/** @internal For src/cli. */
export { CustodyChannel } from './gateway/upgrade/custody-channel.js';
export type {
  UpgradeFailure,
  UpgradeOptions,
  UpgradeOutcome,
  UpgradeStream,
} from './gateway/upgrade/upgrade-options.js';
export type { AcquireLockOptions } from './lock/acquire.js';
export { acquireLock, tryAcquireLock } from './lock/acquire.js';
export type { FileLock, LockMode, WaitMode } from './lock/file-lock.js';
/** @internal For src/cli. */
export { tryAcquireForRemoval } from './lock/internal.js';
export type { ReclaimReason } from './lock/leftover.js';
export type { TryAcquireLockOptions } from './lock/lock-options.js';
export type { LostListener } from './lock/loss-watch.js';
export type { LockProbe, ProbeLockOptions } from './lock/probe-lock.js';
export { probeLock } from './lock/probe-lock.js';
export type { OwnerFields } from './lock/record-encoder.js';
export type { LockStrength } from './native/binding.js';
/** @internal For src/cli, whose keeper calls the addon. */
export { native } from './native/load.js';
/** @internal For src/cli. */
export {
  bindLimit,
  effectiveGroupId,
  effectiveUserId,
  processStatesAreKnown,
  programsInherit,
  signalsCanBeRelayed,
} from './native/platform.js';
/** @internal For src/cli. */
export { handlesSignal, parentOf, programCandidates, spawnCommand } from './native/processes.js';
/** @internal For src/cli, whose texts contain the same commands as the library's errors. */
export {
  commandText,
  DENIED_PORT_ADVICE,
  denyOthersCommand,
  listListenersCommand,
  makeDirectoryCommand,
  PRIVACY_SETTINGS,
  restrictAccessCommand,
  showModeCommand,
  stopCommand,
  takeOwnershipCommand,
} from './native/shell-commands.js';
export type { HealthProbe, ProbeHealthOptions } from './probe/probe-health.js';
export { probeHealth } from './probe/probe-health.js';
export type { PortProbe, ProbePortOptions } from './probe/probe-port.js';
export { probePort } from './probe/probe-port.js';
