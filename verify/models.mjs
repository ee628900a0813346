// The models that scripts/verify.mjs checks. `fault` is the macro that plants a fault, which spin
// must find. A model with `liveness` is checked under weak fairness.
const lock = (name, ...defines) => ({ name, file: 'lock.pml', defines });
const view = (name, ...defines) => ({ name, file: 'view.pml', defines });
const gateway = (name, ...defines) => ({ name, file: 'gateway.pml', defines });
const upgrade = (name, ...defines) => ({ name, file: 'upgrade.pml', defines });
const keeper = (name, ...defines) => ({ name, file: 'keeper.pml', defines });

const KEPT = ['KEEP_0=1', 'KEEP_1=1'];
const SHARED = ['MODE_0=SHARED', 'MODE_1=SHARED'];

const PROTOCOLS = [
  lock('exclusive lock, the file is removed on release'),
  lock('exclusive lock, two crashes', 'CRASHES=2'),
  lock('exclusive lock, the file is kept', ...KEPT),
  lock('exclusive lock, one holder keeps the file and one removes it', 'KEEP_0=1'),
  lock('an exclusive and a shared lock, the file is removed on release', 'MODE_1=SHARED'),
  lock('an exclusive and a shared lock, the file is kept', 'MODE_1=SHARED', ...KEPT),
  lock('two shared locks, the file is removed on release', ...SHARED),
  lock('hand-over of the lock to a child, the file is removed on release', 'HAND_OVER'),
  lock('hand-over of the lock to a child, the file is kept', 'HAND_OVER', ...KEPT),
  { ...lock('a free lock is always acquired, the file is removed on release', 'LIVENESS'), liveness: true },
  { ...lock('a free lock is always acquired, the file is kept', 'LIVENESS', ...KEPT), liveness: true },
  {
    ...lock('a free lock is always acquired, one waiter is exclusive and one shared', 'LIVENESS', 'MODE_1=SHARED'),
    liveness: true,
  },
  view('locks in two views of one file, the file is kept', 'KEEP=1'),
  view('locks in two views of one file, the file is removed on release', 'KEEP=0'),
  gateway('three gateways that give up at a deadline'),
  gateway('three gateways that wait without a deadline', 'NO_DEADLINE'),
  gateway('three gateways of three users that share one state directory', 'SIBLINGS'),
  upgrade('an upgrade to a successor, with a third process that tries to acquire'),
  keeper('a reload by the keeper, with a third process that tries to acquire'),
];

const FAULTS = [
  { ...lock('fault: the inode is not compared after the lock is acquired'), fault: 'FAULT_NO_COMPARE' },
  { ...lock('fault: the release unlocks before it removes the file'), fault: 'FAULT_UNLOCKS_FIRST' },
  { ...lock('fault: every shared holder removes the file', ...SHARED), fault: 'FAULT_SHARED_REMOVES' },
  { ...lock('fault: the file system reuses the inode number of an open file'), fault: 'FAULT_INODE_REUSED' },
  { ...lock('fault: a prober does not compare the inode'), fault: 'FAULT_PROBER_NO_COMPARE' },
  { ...lock('fault: the record of a dead owner prevents a start'), fault: 'FAULT_TRUSTS_RECORD' },
  {
    ...lock('fault: the record of a dead owner prevents every start forever', 'LIVENESS'),
    fault: 'FAULT_TRUSTS_RECORD',
    liveness: true,
  },
  { ...lock('fault: the parent unlocks after the hand-over', 'HAND_OVER'), fault: 'FAULT_HAND_OVER_UNLOCKS' },
  { ...lock('fault: a forked copy of the holder unlocks', 'HAND_OVER'), fault: 'FAULT_FORK_UNLOCKS' },
  { ...lock('limit of the lock: another program removes the file'), fault: 'OUTSIDE_REMOVAL' },
  { ...view('fault: a lock in the other view is not detected', 'KEEP=1'), fault: 'FAULT_NO_VIEW_RULE' },
  { ...view('fault: a record alone counts as a holder in another view', 'KEEP=1'), fault: 'FAULT_BELIEVES_RECORD' },
  {
    ...gateway('fault: one gateway acquires the two locks in reverse order', 'NO_DEADLINE'),
    fault: 'FAULT_LOCK_ORDER',
  },
  {
    ...gateway('fault: a gateway probes the locks of the other users before it holds its own lock', 'SIBLINGS'),
    fault: 'FAULT_SIBLINGS_FIRST',
  },
  { ...gateway('fault: the locks are released before the listener is closed'), fault: 'FAULT_LOCKS_FIRST' },
  { ...gateway('fault: a failed start keeps its state lock'), fault: 'FAULT_UNDO_KEEPS_STATE' },
  { ...upgrade('fault: the successor serves as soon as it is ready'), fault: 'FAULT_SERVES_WHEN_READY' },
  { ...upgrade('fault: the successor does not check the lock after the channel has ended'), fault: 'FAULT_NO_CHECK' },
  { ...upgrade('fault: a successor that is told to stop unlocks'), fault: 'FAULT_SUCCESSOR_UNLOCKS' },
  { ...upgrade('fault: the channel ends before the old gateway has drained'), fault: 'FAULT_COMMIT_BEFORE_DRAIN' },
  { ...upgrade('fault: the old gateway unlocks when it leaves'), fault: 'FAULT_LEAVE_UNLOCKS' },
  { ...upgrade('fault: the channel ends when the old gateway keeps running'), fault: 'FAULT_KEEP_ENDS_CHANNEL' },
  { ...keeper('fault: the end of the channel is enough for the new program'), fault: 'FAULT_END_IS_ENOUGH' },
  { ...keeper('fault: a program unlocks when it closes'), fault: 'FAULT_PROGRAM_UNLOCKS' },
  { ...keeper('fault: the keeper unlocks before the new program has ended'), fault: 'FAULT_KEEPER_UNLOCKS' },
];

export const MODELS = [...PROTOCOLS, ...FAULTS];
