/*
 * An upgrade: a gateway hands its lock and its socket to a successor (steps 15 to 21 of
 * docs/protocol.md). The old gateway spawns a successor that inherits the lock, the socket and one end
 * of the custody channel. Only the old gateway has the other end. The end of the channel is the
 * commit: the channel ends when the old gateway has left, and also when it has died.
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
bool channel_open = false;  /* the end of the channel in the old gateway */
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
step16: /* adopt: check each inherited descriptor, write nothing */
  atomic { MAY_CRASH }

step17: /* load, report ready, write nothing yet; or give up */
  skip;
#ifdef FAULT_SERVES_WHEN_READY
  atomic { writes[NEW] = true; check_alone() }
#endif
  atomic { if :: true -> ready = true :: true -> goto leave fi; MAY_CRASH }

step20: /* take over once the channel has ended */
  if
  :: atomic { told_to_stop && channel_open -> goto leave }
  :: atomic { !channel_open -> MAY_CRASH }
  fi;

  /* The lock must still be ours: the old gateway may have released it. */
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
  :: atomic { upgrades > 0 && !alive[NEW] -> upgrades--; goto step15 }
  :: goto close
  fi;

step15: /* spawn the successor with the lock, the socket and its end of the channel */
  atomic {
    channel_open = true; ready = false; told_to_stop = false;
    alive[NEW] = true; has_copy[NEW] = true; finished[NEW] = false;
    run Successor();
    MAY_CRASH
  }

  /* waits for ready; keeps serving if the successor ends or is too late */
  if
  :: atomic { ready -> MAY_CRASH }
  :: atomic { !alive[NEW] -> channel_open = false; goto serve }
  :: atomic { !ready -> goto step21 }
  :: goto close
  fi;

step18: /* stop accepting, drain, flush; keep the copies, so that the gateway can accept again */
  skip;
#ifdef FAULT_COMMIT_BEFORE_DRAIN
  atomic { channel_open = false; MAY_CRASH }
#endif
  atomic { writes[OLD] = false; MAY_CRASH }
  if
  :: atomic { !alive[NEW] -> channel_open = false; goto serve }
  :: atomic { alive[NEW] -> skip }
  fi;

step19: /* leave. The lock is not dropped: the successor has a copy. The channel ends last. */
  skip;
#ifdef FAULT_LEAVE_UNLOCKS
  atomic { locked = false; MAY_CRASH }
#endif
  atomic { close_copy(OLD); MAY_CRASH }
  atomic { channel_open = false }
  goto ended;

step21: /* the successor is too late: tell it to stop, and wait for it before the next upgrade */
  atomic { told_to_stop = true; MAY_CRASH }
#ifdef FAULT_KEEP_ENDS_CHANNEL
  atomic { channel_open = false }
#endif
  atomic { !alive[NEW] -> channel_open = false; MAY_CRASH }
  goto serve;

close: /* an orderly end instead */
  atomic { writes[OLD] = false; MAY_CRASH }
  atomic { locked = false; released = true; close_copy(OLD) }
  atomic { channel_open = false }
  goto ended;

dead: /* in any order */
  skip;
  d_step { writes[OLD] = false }
  if
  :: atomic { close_copy(OLD) } ; atomic { channel_open = false }
  :: atomic { channel_open = false } ; atomic { close_copy(OLD) }
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
