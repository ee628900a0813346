/*
 * An upgrade: a gateway hands its lock and its socket to a successor. The code of the package does not
 * do this yet; this model comes before the code. The old gateway spawns a successor that inherits the
 * lock, the socket and the read end of a pipe. Only the old gateway has the write end. The end of the
 * pipe is the commit: the pipe ends when the old gateway has left, and also when it has died.
 *
 * Each side may crash after each step. The kernel closes the descriptors of a dead process one by one,
 * in any order. A third process tries to acquire the lock all the time. A second upgrade may follow
 * the first. The successor inherits socket and lock together, so one copy stands for both.
 */
#define OLD 0
#define NEW 1

bool alive[2];
bool has_copy[2];        /* a copy of the open file description that carries the lock */
bool writes[2];          /* accepts clients and writes the state */
bool locked = true;      /* the inherited description */
bool third_holds = false;
bool pipe_open = false;  /* the write end, in the old gateway */
bool ready = false;      /* the successor has reported that it is prepared */
bool told_to_stop = false;
bool released = false;   /* the holder has released the lock by close() */
bool finished[2];
byte crashes = 2;
byte upgrades = 2;

#define MAY_CRASH if :: crashes > 0 -> crashes--; goto dead :: true fi

/* The kernel drops the lock with the last copy of the description. */
inline close_copy(me) {
  has_copy[me] = false;
  if :: !has_copy[OLD] && !has_copy[NEW] -> locked = false :: else fi
}

inline check_alone() { assert(writes[OLD] + writes[NEW] + third_holds <= 1) }

proctype Successor() {
  /* checks each inherited descriptor, loads, reports ready; touches nothing yet */
  atomic { MAY_CRASH }
#ifdef FAULT_SERVES_WHEN_READY
  atomic { writes[NEW] = true; check_alone() }
#endif
  atomic { if :: true -> ready = true :: true -> goto leave fi; MAY_CRASH }

wait:
  if
  :: atomic { told_to_stop && pipe_open -> goto leave }
  :: atomic { !pipe_open -> MAY_CRASH }
  fi;

  /* the pipe has ended. The lock must still be ours: the old gateway may have released it. */
  atomic {
    if
#ifndef FAULT_NO_CHECK
    :: third_holds || !has_copy[NEW] -> goto leave
#endif
    :: else -> locked = true
    fi;
    MAY_CRASH
  }
  atomic { writes[NEW] = true; check_alone(); MAY_CRASH }
  /* its own orderly end */
  atomic { writes[NEW] = false; locked = false; released = true; has_copy[NEW] = false }
  goto ended;

leave: /* before the commit: closes the copies and never unlocks */
#ifdef FAULT_SUCCESSOR_UNLOCKS
  atomic { locked = false }
#endif
dead:
  skip;
  d_step { writes[NEW] = false; close_copy(NEW) }
ended:
  skip;
  d_step { alive[NEW] = false; finished[NEW] = true }
}

proctype Old() {
serve:
  atomic { writes[OLD] = true; check_alone(); MAY_CRASH }
  if
  :: atomic { upgrades > 0 && !alive[NEW] -> upgrades--; goto spawn_successor }
  :: goto close
  fi;

spawn_successor: /* spawns the successor with the lock, the socket and the pipe */
  atomic {
    pipe_open = true; ready = false; told_to_stop = false;
    alive[NEW] = true; has_copy[NEW] = true; finished[NEW] = false;
    run Successor();
    MAY_CRASH
  }

  /* waits for ready; keeps serving if the successor ends or is too late */
  if
  :: atomic { ready -> MAY_CRASH }
  :: atomic { !alive[NEW] -> pipe_open = false; goto serve }
  :: atomic { !ready -> goto keep }
  :: goto close
  fi;

/* stops accepting, drains, flushes; keeps its copies, so that it can accept again */
#ifdef FAULT_COMMIT_BEFORE_DRAIN
  atomic { pipe_open = false; MAY_CRASH }
#endif
  atomic { writes[OLD] = false; MAY_CRASH }
  if
  :: atomic { !alive[NEW] -> pipe_open = false; goto serve }
  :: atomic { alive[NEW] -> skip }
  fi;

  /* leaves. The lock is not dropped: the successor has a copy. The pipe ends last. */
#ifdef FAULT_LEAVE_UNLOCKS
  atomic { locked = false; MAY_CRASH }
#endif
  atomic { close_copy(OLD); MAY_CRASH }
  atomic { pipe_open = false }
  goto ended;

keep: /* the successor is too late: it is told to stop, and waited for before the next upgrade */
  atomic { told_to_stop = true; MAY_CRASH }
#ifdef FAULT_KEEP_ENDS_PIPE
  atomic { pipe_open = false }
#endif
  atomic { !alive[NEW] -> pipe_open = false; MAY_CRASH }
  goto serve;

close: /* an orderly end instead */
  atomic { writes[OLD] = false; MAY_CRASH }
  atomic { locked = false; released = true; close_copy(OLD) }
  atomic { pipe_open = false }
  goto ended;

dead: /* in any order */
  skip;
  d_step { writes[OLD] = false }
  if
  :: atomic { close_copy(OLD) } ; atomic { pipe_open = false }
  :: atomic { pipe_open = false } ; atomic { close_copy(OLD) }
  fi;
ended:
  skip;
  d_step { alive[OLD] = false; finished[OLD] = true }
}

/* A third starter: it may win only when neither side is left, or after a release. */
proctype Third() {
  atomic {
    !locked && !third_holds ->
    third_holds = true;
    assert(released || (!has_copy[OLD] && !has_copy[NEW]));
    check_alone()
  }
}

init {
  atomic { alive[OLD] = true; has_copy[OLD] = true; run Old(); run Third() }
  (finished[OLD] && !alive[NEW]);
  /* Whatever happened, the lock is free or the third process holds it. */
  assert(!locked)
}
