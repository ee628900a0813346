/*
 * One file that is visible through two mounts (bindfs, mergerfs, an overlay and its lower
 * directory). Each mount is a view of the file and has its own kernel lock, so only step 5 refuses
 * a second holder. Step 5 refuses the lock if the record names a living process that has this file
 * locked in the other view. The step numbers are those of docs/protocol.md.
 *
 * Not promised: exclusion before the first holder has written its record (step 6).
 */
#define NONE 15
#define VIEWS 2

bool exists = false;
byte generation = 0; /* identifies the file at the path: the number of removals so far */
byte locked[VIEWS] = NONE; /* the kernel lock of each view */
byte record = NONE; /* the owner record, which both views show */
bool alive[VIEWS] = true;
bool recorded[VIEWS]; /* the process has written its record and not yet released the lock */
/* An acquirer has read the record before the other holder has written its own record. Exclusion is
   not promised in this case. */
bool raced = false;
byte crashes = 1;

#ifdef FAULT_BELIEVES_RECORD
#define HELD_BY_OWNER(owner) true
#else
#define HELD_BY_OWNER(owner) (alive[owner] && locked[owner] != NONE)
#endif

#define MAY_CRASH if :: crashes > 0 -> crashes--; goto dead :: true fi

inline unlock(me) {
  locked[me] = NONE;
  if :: locked[1 - me] == NONE -> raced = false :: else fi
}

/* The only process of a view. The process reads /proc/PID/fdinfo of the owner in the record. */
proctype Acquirer(byte me; bool keep; byte rounds) {
  byte mine;
  byte other = 1 - me;
again:
  if
  :: rounds == 0 -> goto ended
  :: else -> rounds--
  fi;
step1: /* open the file */
  atomic { exists = true; mine = generation; MAY_CRASH }
step2: /* call flock() in this view */
  atomic { locked[me] = me; MAY_CRASH }
step3: /* compare the locked file with the file at the path */
  atomic {
    if
    :: !exists || mine != generation -> unlock(me); goto step1
    :: else
    fi;
    MAY_CRASH
  }
step5: /* check the record: a living owner that has locked the file in its view is a holder */
  atomic {
#ifndef FAULT_NO_VIEW_RULE
    if
    :: record == other && HELD_BY_OWNER(other) ->
      /* Only a living holder may prevent the acquire; a leftover record must not. */
      assert(alive[other] && locked[other] == other);
      unlock(me);
      goto again
    :: else
    fi;
#endif
    /* An acquirer gets here only if no other holder has written its record to this file in time. */
    assert(!recorded[other] || generation != mine || raced);
    if :: locked[other] != NONE && !recorded[other] -> raced = true :: else fi;
    MAY_CRASH
  }
step6: /* write the record */
  atomic { record = me; recorded[me] = true; MAY_CRASH }
step7: /* clear the record or remove the file, then unlock */
  atomic {
    recorded[me] = false;
    if
    :: keep && record == me -> record = NONE
    :: keep && record != me -> skip
    :: !keep && exists && mine == generation -> exists = false; generation++; record = NONE
    :: else
    fi;
    MAY_CRASH
  }
  atomic { unlock(me); MAY_CRASH }
  goto again;
dead:
  skip;
  d_step { alive[me] = false; recorded[me] = false; unlock(me) }
ended:
  skip
}

init {
  atomic {
    run Acquirer(0, KEEP, 2);
    run Acquirer(1, KEEP, 2);
  }
}
