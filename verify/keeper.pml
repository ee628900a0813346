/*
 * A reload by the keeper, `gateway-lock run` (steps 15 to 21 of docs/protocol.md). The keeper and each
 * of its programs have a copy of the lock. The keeper starts the new program with one end of a custody
 * channel, ends the old program, and then ends the channel. If the keeper dies, the channel ends while
 * the old program still runs. So the new program also waits until the old program is gone.
 *
 * Each process may crash after each step. The kernel closes the descriptors of a dead process one by
 * one, in any order. A third process tries to acquire the lock all the time. The programs inherit
 * socket and lock together, so one copy stands for both.
 */
#define KEEPER 0
#define OLD 1
#define NEW 2

bool alive[3];
bool has_copy[3];           /* a copy of the open file description that carries the lock */
bool writes[3];             /* accepts clients and writes the state; never true for the keeper */
bool locked = true;         /* the description that they share */
bool third_holds = false;
bool channel_open = false;  /* the end of the channel in the keeper */
bool ready = false;         /* the new program has reported that it is prepared */
bool told_to_stop[3];       /* SIGTERM */
bool released = false;      /* the keeper has released the lock */
byte crashes = 2;

#define MAY_CRASH if :: crashes > 0 -> crashes--; goto dead :: true fi

/* The kernel drops the lock with the last copy of the description. */
inline close_copy(me) {
  has_copy[me] = false;
  if :: !has_copy[KEEPER] && !has_copy[OLD] && !has_copy[NEW] -> locked = false :: else fi
}

inline check_alone() { assert(writes[OLD] + writes[NEW] + third_holds <= 1) }

/* A program that closes leaves the lock to its keeper: it never unlocks. */
inline close_program() {
#ifdef FAULT_PROGRAM_UNLOCKS
  locked = false
#else
  skip
#endif
}

proctype Old() {
  atomic { writes[OLD] = true; check_alone() }
  if
  :: told_to_stop[OLD]
  :: true /* its own end, or a crash */
  fi;
  d_step { writes[OLD] = false }
  atomic { close_program() }
  d_step { close_copy(OLD) }
  d_step { alive[OLD] = false }
}

proctype New() {
step16: /* adopt: check each inherited descriptor, write nothing */
  atomic { MAY_CRASH }

step17: /* load, report ready, write nothing yet; or give up */
  atomic { if :: true -> ready = true :: true -> goto dead fi; MAY_CRASH }

step20: /* take over once the channel has ended and the old program is gone */
  if
  :: atomic { told_to_stop[NEW] && channel_open -> goto dead }
#ifdef FAULT_END_IS_ENOUGH
  :: atomic { !channel_open -> MAY_CRASH }
#else
  :: atomic { !channel_open && !alive[OLD] -> MAY_CRASH }
#endif
  fi;
  atomic { if :: third_holds -> goto dead :: else fi; MAY_CRASH }
  atomic { writes[NEW] = true; check_alone(); MAY_CRASH }
  atomic { writes[NEW] = false }
  atomic { close_program() }

dead:
  skip;
  d_step { writes[NEW] = false; close_copy(NEW) }
  d_step { alive[NEW] = false }
}

proctype Keeper() {
step15: /* start the new program with the lock, the socket and its end of the channel */
  atomic {
    channel_open = true; alive[NEW] = true; has_copy[NEW] = true;
    run New();
    MAY_CRASH
  }
  if
  :: atomic { ready -> MAY_CRASH }
  :: atomic { !alive[OLD] -> MAY_CRASH } /* the old program died: commit at once */
  :: atomic { !ready -> goto step21 }
  fi;

step18: /* tell the old program to drain and to end */
  atomic { told_to_stop[OLD] = true; MAY_CRASH }

#ifdef FAULT_KEEPER_UNLOCKS
  atomic { locked = false; released = true }
#endif
  atomic { !alive[OLD] -> MAY_CRASH }

step19: /* end the channel: the commit */
  atomic { channel_open = false; MAY_CRASH }
  goto last;

step21: /* the new program is too late: tell it to stop; the old program goes on */
  atomic { told_to_stop[NEW] = true; MAY_CRASH }
  atomic { !alive[NEW] -> channel_open = false; MAY_CRASH }

last: /* the last program has ended: unlock for all copies */
  atomic { !alive[OLD] && !alive[NEW] -> locked = false; released = true; close_copy(KEEPER) }
  goto ended;

dead: /* in any order */
  if
  :: atomic { close_copy(KEEPER) } ; atomic { channel_open = false }
  :: atomic { channel_open = false } ; atomic { close_copy(KEEPER) }
  fi;
ended:
  skip;
  d_step { alive[KEEPER] = false }
}

/* A third starter: it may win only when no side is left, or after the release. */
proctype Third() {
  atomic {
    !locked && !third_holds ->
    third_holds = true;
    assert(released || (!has_copy[KEEPER] && !has_copy[OLD] && !has_copy[NEW]));
    check_alone()
  }
}

init {
  atomic {
    alive[KEEPER] = true; has_copy[KEEPER] = true;
    alive[OLD] = true; has_copy[OLD] = true;
    run Keeper(); run Old(); run Third()
  }
  (!alive[KEEPER] && !alive[OLD] && !alive[NEW]);
  /* Whatever happened, the lock is free or the third process holds it. */
  assert(!locked)
}
