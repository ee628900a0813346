/*
 * Models one lock file that is kept or removed, exclusive and shared holders, waiters, probers, a
 * hand-over and crashes. The step numbers are those of docs/protocol.md. scripts/verify.mjs checks
 * this model first without a fault, and then once with each FAULT_* macro. spin must find the fault
 * of each macro.
 *
 * A process has one open file description, so one number identifies both the process and its
 * description. Several descriptors can refer to one description, because a child inherits a copy of
 * the descriptor. The kernel releases the lock of a description on LOCK_UN or when the last
 * descriptor is closed. Each system call is one atomic step, and a process can crash after every
 * step.
 */
#ifndef MODE_0
#define MODE_0 EXCLUSIVE
#endif
#ifndef MODE_1
#define MODE_1 EXCLUSIVE
#endif
#ifndef KEEP_0
#define KEEP_0 0
#endif
#ifndef KEEP_1
#define KEEP_1 0
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef PROBES
#define PROBES 1
#endif

#define EXCLUSIVE 0
#define SHARED 1
#define NONE 15
#define PROBER 2
#define STARTER 3
#define CHILD 4 /* has only a copy of its parent's descriptor */
#define PROCESSES 4
#define INODES 5 /* the file at the path, and one removed, open file for each process */

byte path = NONE; /* the inode that the path names */
byte refs[INODES]; /* number of open file descriptions of the inode */
byte exclusive[INODES] = NONE; /* the description that holds LOCK_EX */
byte shared[INODES]; /* a bit for each description that holds LOCK_SH */
byte record[INODES] = NONE; /* the owner record: a process number */

byte inode[PROCESSES] = NONE; /* the inode that the process has open */
byte copies[PROCESSES]; /* number of descriptors that refer to the description of the process */
byte held_exclusive = 0; /* number of holders in each mode, for the assertions only */
byte held_shared = 0;
byte crashes = CRASHES;
byte running = 0;
bool child_alive = false;
bool child_holds = false;

#define BIT(process) (1 << (process))
#define NO_EXCLUSIVE(i, me) (exclusive[i] == NONE || exclusive[i] == me)
#define NO_SHARED(i, me) ((shared[i] & ~BIT(me)) == 0)
#ifdef FAULT_INODE_REUSED
/* The file system gives the inode number of an open, removed file to the next file. */
#define AT_PATH (path != NONE)
#else
#define AT_PATH (path == inode[me])
#endif

inline unlock(i, me) {
  if :: exclusive[i] == me -> exclusive[i] = NONE :: else fi;
  shared[i] = shared[i] & ~BIT(me)
}

/* Clears the record of an inode that no longer has a name or an open file description. */
inline clear_unused(i) {
  if :: refs[i] == 0 && path != i -> record[i] = NONE :: else fi
}

inline open_inode(i, me) { inode[me] = i; refs[i]++; copies[me] = 1 }

inline close_copy(me) {
  if
  :: inode[me] != NONE ->
    copies[me]--;
    if
    :: copies[me] == 0 ->
      unlock(inode[me], me);
      refs[inode[me]]--;
      clear_unused(inode[me]);
      inode[me] = NONE
    :: else
    fi
  :: else
  fi
}

#define UNUSED(i) (refs[i] == 0 && path != i)

/* open(O_CREAT | O_EXCL). Reuses the lowest free inode number at once. This covers all cases,
   because the steps compare an inode number only with the number of an open file. */
inline create(me) {
  if
  :: UNUSED(0) -> path = 0
  :: !UNUSED(0) && UNUSED(1) -> path = 1
  :: !UNUSED(0) && !UNUSED(1) && UNUSED(2) -> path = 2
  :: !UNUSED(0) && !UNUSED(1) && !UNUSED(2) && UNUSED(3) -> path = 3
  :: else -> path = 4
  fi;
  open_inode(path, me)
}

inline unlink_path() {
  if :: path != NONE -> i = path; path = NONE; clear_unused(i); i = 0 :: else fi
}

inline enter(mode) {
  if :: mode == EXCLUSIVE -> held_exclusive++ :: else -> held_shared++ fi;
  /* Mutual exclusion: there is one exclusive holder, or there are only shared holders. */
  assert(held_exclusive == 0 || (held_exclusive == 1 && held_shared == 0))
}

inline leave(mode) { if :: mode == EXCLUSIVE -> held_exclusive-- :: else -> held_shared-- fi }

#define MAY_CRASH if :: crashes > 0 && me != STARTER -> crashes--; goto dead :: true fi

proctype Acquirer(byte me; bit mode; bit keep; byte rounds) {
  byte i;
  bool inside = false;
  bool handed_over = false;

again:
  do
  :: rounds == 0 -> goto ended
  :: else -> break
  od;
#ifndef LIVENESS
  rounds--;
#endif

step1: /* open an existing file, or create a new one */
  atomic {
    if
    :: keep && path != NONE -> open_inode(path, me); goto opened
    :: else
    fi;
    MAY_CRASH
  }
  atomic {
    if
    :: path == NONE -> create(me); goto opened
    :: else
    fi;
    MAY_CRASH
  }
  atomic {
    if
    :: path == NONE -> goto step1
    :: else -> open_inode(path, me)
    fi;
opened:
    MAY_CRASH
  }

step2: /* call flock() with LOCK_NB */
  atomic {
    i = inode[me];
    if
    :: mode == EXCLUSIVE && NO_EXCLUSIVE(i, me) && NO_SHARED(i, me) -> exclusive[i] = me
    :: mode == SHARED && NO_EXCLUSIVE(i, me) -> shared[i] = shared[i] | BIT(me)
    :: else -> i = 0; goto contended
    fi;
    i = 0;
    MAY_CRASH
  }

step3: /* compare the locked inode with the path */
  atomic {
#ifndef FAULT_NO_COMPARE
    if
    :: !AT_PATH -> close_copy(me); goto step1
    :: else
    fi;
#endif
    MAY_CRASH
  }

step4: /* test the file system, which must refuse a lock on a second description of the file */
#if !defined(FAULT_NO_COMPARE) && !defined(LIVENESS)
  atomic {
    if
    :: !AT_PATH -> close_copy(me); goto step1
    :: else
    fi;
    MAY_CRASH
  }
#endif

step5: /* check the content: the kernel lock was free, so a record of this package is a leftover */
#ifdef FAULT_TRUSTS_RECORD
  atomic {
    if
    :: record[inode[me]] != NONE && record[inode[me]] != me -> close_copy(me); goto refused
    :: else
    fi;
    MAY_CRASH
  }
#endif

step6: /* write the record */
  atomic {
    if :: mode == EXCLUSIVE -> record[inode[me]] = me :: else fi;
    enter(mode);
    inside = true;
    MAY_CRASH
  }

#ifdef HAND_OVER
  if
  :: mode == EXCLUSIVE && me == 0 ->
    /* step 8: a child inherits the descriptor, the record names the child, and the parent ends
       without unlocking */
    atomic { copies[me]++; running++; child_alive = true; run Child(me); MAY_CRASH }
    atomic { record[inode[me]] = CHILD; MAY_CRASH }
    atomic { handed_over = true; MAY_CRASH }
    /* Whichever way the parent ends, it only closes its own descriptor. */
#ifdef FAULT_HAND_OVER_UNLOCKS
    atomic { unlock(inode[me], me) }
#endif
    goto dead
  :: true
  fi;
#endif

  atomic { leave(mode); inside = false; MAY_CRASH }

step7: /* release */
#ifdef FAULT_UNLOCKS_FIRST
  atomic { unlock(inode[me], me); MAY_CRASH }
#endif
  if
  :: mode == SHARED && keep -> goto step7_unlock
  :: mode == SHARED && !keep ->
    /* Only the last shared holder removes the file. flock() converts a lock in two steps: it
       releases the shared lock, then attempts the exclusive lock. */
#ifndef FAULT_SHARED_REMOVES
    atomic { unlock(inode[me], me); MAY_CRASH }
    atomic {
      i = inode[me];
      if
      :: NO_EXCLUSIVE(i, me) && NO_SHARED(i, me) -> exclusive[i] = me; i = 0
      :: else -> i = 0; goto step7_unlock
      fi;
      MAY_CRASH
    }
#endif
  :: mode == EXCLUSIVE && keep ->
    atomic {
      if :: record[inode[me]] == me -> record[inode[me]] = NONE :: else fi;
      MAY_CRASH
    }
    goto step7_unlock
  :: else
  fi;
  /* lstat(), then unlink(). Other processes can act in between, but cannot replace the file. */
  atomic {
    if
    :: !AT_PATH -> goto step7_unlock
    :: else
    fi;
    MAY_CRASH
  }
  atomic { unlink_path(); MAY_CRASH }
step7_unlock:
  atomic { unlock(inode[me], me); MAY_CRASH }
  atomic { close_copy(me); MAY_CRASH }
  goto again;

contended:
  /* The starter runs after all other processes have ended, so its attempt cannot be refused. */
  assert(me != STARTER);
  if
  :: true ->
    atomic { close_copy(me); MAY_CRASH }
    goto step1
  :: true ->
    /* A waiter keeps the file open, and compares the file with the path before it retries. */
    atomic {
      if
      :: AT_PATH -> skip
      :: else -> close_copy(me); goto step1
      fi
    }
    goto step2
  fi;

#ifdef FAULT_TRUSTS_RECORD
refused:
  assert(me != STARTER);
  goto again;
#endif

dead:
  skip;
  d_step {
    if
    :: inside && handed_over && child_alive -> child_holds = true
    :: inside && !(handed_over && child_alive) -> leave(mode)
    :: else
    fi;
    close_copy(me)
  }
ended:
  skip;
  d_step { running-- }
}

/* A child that inherits the descriptor of `parent`, and holds the lock from the hand-over until the
   child ends. */
proctype Child(byte parent) {
  skip;
  /* When a forked copy of the holder ends, it only closes its descriptor and never unlocks. */
#ifdef FAULT_FORK_UNLOCKS
  atomic { unlock(inode[parent], parent) }
#endif
  d_step {
    if
    :: child_holds -> child_holds = false; held_exclusive--
    :: else
    fi;
    child_alive = false;
    close_copy(parent);
    running--
  }
}

/* A process that probes the lock. It opens an existing file, acquires LOCK_SH, converts the lock to
   LOCK_EX, unlocks, reads the record, compares the inode and closes the file. */
proctype Prober(byte me; byte probes) {
  byte i;
  bool granted, unheld;
again:
  granted = false;
  unheld = false;
  if
  :: probes == 0 -> goto dead
  :: else -> probes--
  fi;
retry:
  atomic {
    if
    :: path == NONE -> goto again
    :: else -> open_inode(path, me)
    fi;
    MAY_CRASH
  }
  atomic {
    i = inode[me];
    if
    :: NO_EXCLUSIVE(i, me) -> shared[i] = shared[i] | BIT(me); i = 0
    :: else -> i = 0; close_copy(me); goto again
    fi;
    MAY_CRASH
  }
  atomic { unlock(inode[me], me); MAY_CRASH }
  atomic {
    i = inode[me];
    granted = NO_EXCLUSIVE(i, me) && NO_SHARED(i, me);
    unheld = (held_exclusive == 0 && held_shared == 0);
    if :: granted -> exclusive[i] = me :: else fi;
    i = 0;
    MAY_CRASH
  }
  atomic { unlock(inode[me], me); MAY_CRASH }
#ifndef FAULT_PROBER_NO_COMPARE
  atomic {
    if
    :: !AT_PATH -> close_copy(me); goto retry
    :: else
    fi;
    MAY_CRASH
  }
#endif
  /* If the probe reports "free", the lock was free at some moment during the probe. */
  assert(!granted || unheld);
  atomic { close_copy(me) }
  goto again;
dead:
  skip;
  d_step { close_copy(me); running-- }
}

#ifdef OUTSIDE_REMOVAL
/* A program that removes the file. The lock cannot prevent this, so spin must find an error. */
proctype Remover() {
  byte i;
  atomic { unlink_path() }
}
#endif

init {
  atomic {
    running = 2;
    run Acquirer(0, MODE_0, KEEP_0, ROUNDS);
    run Acquirer(1, MODE_1, KEEP_1, ROUNDS);
#if PROBES > 0
    running++;
    run Prober(PROBER, PROBES);
#endif
#ifdef OUTSIDE_REMOVAL
    run Remover();
#endif
  }
#ifndef LIVENESS
  (running == 0);
  atomic { running = 1; run Acquirer(STARTER, EXCLUSIVE, KEEP_0, 1) }
  (running == 0)
#endif
}

#ifdef LIVENESS
/* A free lock is acquired infinitely often. */
ltl acquired { [] <> (held_exclusive + held_shared > 0) }
#endif
