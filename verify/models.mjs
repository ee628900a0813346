// The runs of scripts/verify.mjs. `fault`: planted, spin must find it. `liveness`: checked under weak fairness.
const lock = (name, ...defines) => ({ name, file: 'lock.pml', defines });
const view = (name, ...defines) => ({ name, file: 'view.pml', defines });
const gateway = (name, ...defines) => ({ name, file: 'gateway.pml', defines });

const KEPT = ['KEEP_0=1', 'KEEP_1=1'];
const SHARED = ['MODE_0=SHARED', 'MODE_1=SHARED'];

const PROTOCOLS = [
  lock('exclusive, removed'),
  lock('exclusive, two crashes', 'CRASHES=2'),
  lock('exclusive, kept', ...KEPT),
  lock('exclusive, one kept and one removed', 'KEEP_0=1'),
  lock('exclusive and shared, removed', 'MODE_1=SHARED'),
  lock('exclusive and shared, kept', 'MODE_1=SHARED', ...KEPT),
  lock('shared, removed', ...SHARED),
  lock('hand-over, removed', 'HAND_OVER'),
  lock('hand-over, kept', 'HAND_OVER', ...KEPT),
  { ...lock('a free lock is acquired, removed', 'LIVENESS'), liveness: true },
  { ...lock('a free lock is acquired, kept', 'LIVENESS', ...KEPT), liveness: true },
  { ...lock('a free lock is acquired, exclusive and shared', 'LIVENESS', 'MODE_1=SHARED'), liveness: true },
  view('two views, kept', 'KEEP=1'),
  view('two views, removed', 'KEEP=0'),
  gateway('gateway'),
  gateway('gateway without deadlines', 'NO_DEADLINE'),
  gateway('gateways of other users', 'SIBLINGS'),
];

const FAULTS = [
  { ...lock('fault: no comparison after the lock'), fault: 'FAULT_NO_COMPARE' },
  { ...lock('fault: unlocks before it removes'), fault: 'FAULT_UNLOCKS_FIRST' },
  { ...lock('fault: any shared holder removes the file', ...SHARED), fault: 'FAULT_SHARED_REMOVES' },
  { ...lock('fault: the number of an open file is used again'), fault: 'FAULT_INODE_REUSED' },
  { ...lock('fault: a prober does not compare'), fault: 'FAULT_PROBER_NO_COMPARE' },
  { ...lock("fault: a dead owner's record blocks"), fault: 'FAULT_TRUSTS_RECORD' },
  {
    ...lock("fault: a dead owner's record blocks for good", 'LIVENESS'),
    fault: 'FAULT_TRUSTS_RECORD',
    liveness: true,
  },
  { ...lock('fault: the parent unlocks after the hand-over', 'HAND_OVER'), fault: 'FAULT_HAND_OVER_UNLOCKS' },
  { ...lock('fault: a forked copy unlocks', 'HAND_OVER'), fault: 'FAULT_FORK_UNLOCKS' },
  { ...lock('limit: another program removes the file'), fault: 'OUTSIDE_REMOVAL' },
  { ...view('fault: no rule for other views', 'KEEP=1'), fault: 'FAULT_NO_VIEW_RULE' },
  { ...view('fault: the record of a dead owner is another view', 'KEEP=1'), fault: 'FAULT_BELIEVES_RECORD' },
  { ...gateway('fault: the two locks in either order', 'NO_DEADLINE'), fault: 'FAULT_LOCK_ORDER' },
  { ...gateway('fault: probes before it has its own lock', 'SIBLINGS'), fault: 'FAULT_SIBLINGS_FIRST' },
  { ...gateway('fault: drops the locks before the listener'), fault: 'FAULT_LOCKS_FIRST' },
  { ...gateway('fault: a failed start keeps its state lock'), fault: 'FAULT_UNDO_KEEPS_STATE' },
];

export const MODELS = [...PROTOCOLS, ...FAULTS];
