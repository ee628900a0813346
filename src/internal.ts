// What src/cli uses in addition to the public interface. No entry point of the package exports it.
export { DEFAULT_APP, variableName } from './gateway/app-environment.js';
export { environmentWith, execAs, withSockets } from './gateway/inheritance.js';
export { activationOf } from './gateway/inherited/activation.js';
export { formatInherited, INHERITED_VARIABLE } from './gateway/inherited/variable.js';
export { killChildrenOnExit } from './gateway/kill-children-on-exit.js';
export { isLockFileName } from './gateway/lock-directories.js';
export { type GatewayLockProbe, probeGatewayLock } from './gateway/probe-gateway-lock.js';
export { notifyReady, notifyServiceManager } from './gateway/service-manager.js';
export { findForeignParent } from './gateway/sudo-home.js';
export { listenStream, systemdHint } from './gateway/systemd-hint.js';
export { CustodyChannel } from './gateway/upgrade/custody-channel.js';
export { tryAcquireForRemoval } from './lock/internal.js';
export { native } from './native/load.js';
export {
  bindLimit,
  effectiveGroupId,
  effectiveUserId,
  processStatesAreKnown,
  programsInherit,
  signalsCanBeRelayed,
} from './native/platform.js';
export { handlesSignal, parentOf, programCandidates, spawnCommand } from './native/processes.js';
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
