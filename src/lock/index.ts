// The public interface of gateway-lock/lock: the file locks of gateway-lock, without the gateway.
export type { Endpoint } from '../endpoint.js';
export type {
  KeeperReference,
  LockErrorCode,
  LockErrorDetails,
  OwnerRecord,
  ProcessReference,
  UpgradeState,
} from '../errors.js';
export { LockError } from '../errors.js';
export type { EventChannel, GatewayLockEvents } from '../events.js';
export { eventChannel } from '../events.js';
export type { LockStrength } from '../native/binding.js';
export type { NativeBindingOptions } from '../native/load.js';
export type { AcquireLockOptions } from './acquire.js';
export { acquireLock, tryAcquireLock } from './acquire.js';
export type { FileLock, LockMode, WaitMode } from './file-lock.js';
export type { ReclaimReason } from './leftover.js';
export type { TryAcquireLockOptions } from './lock-options.js';
export type { LostListener } from './loss-watch.js';
export type {
  HeldLockProbe,
  LeftoverLockProbe,
  LockProbe,
  ProbeLockOptions,
  UnheldLockProbe,
} from './probe-lock.js';
export { probeLock } from './probe-lock.js';
export type { OwnerFields } from './record-encoder.js';
export type { LockedFunction } from './with-lock.js';
export { withLock } from './with-lock.js';
