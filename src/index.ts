// The public interface. No logic.
export type { BindExclusiveOptions } from './bind/bind-exclusive.js';
export { bindExclusive } from './bind/bind-exclusive.js';
export type { BoundAddress, BoundListener, CloseOptions } from './bind/bound-listener.js';
export type {
  GatewayLockErrorCode,
  LockErrorCode,
  OwnerRecord,
} from './errors.js';
export { GatewayLockError, LockError } from './errors.js';
export { acquireGatewayLock } from './gateway/acquire-gateway-lock.js';
export type { GatewayLock } from './gateway/gateway-lock.js';
export type { GatewayLockOptions, GatewayWait } from './gateway/gateway-options.js';
export type { AcquireLockOptions } from './lock/acquire.js';
export { acquireLock, tryAcquireLock } from './lock/acquire.js';
export type { TryAcquireLockOptions } from './lock/attempt.js';
export type { FileLock, LockMode, LostListener, WaitMode } from './lock/file-lock.js';
export type { OwnerFields } from './lock/owner-record.js';
export type { LockProbe } from './lock/probe-lock.js';
export { probeLock } from './lock/probe-lock.js';
export type { Endpoint, ReclaimReason } from './lock/reclaim.js';
export type { LockStrength } from './native/binding.js';
export type { HealthProbe, ProbeHealthOptions } from './probe/probe-health.js';
export { probeHealth } from './probe/probe-health.js';
export type { PortProbe, ProbePortOptions } from './probe/probe-port.js';
export { probePort } from './probe/probe-port.js';
