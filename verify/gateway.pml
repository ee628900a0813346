/*
 * A gateway: state lock, config lock, port (steps 9 to 13 of docs/protocol.md), its orderly end, its undo
 * after a failure, and its death, in which the kernel closes the descriptors one by one. The locks
 * themselves are one step here: lock.pml shows that they exclude.
 *
 * Gateways 0 and 1 have one state directory and one config; gateway 2 has another state directory and
 * the same config. All want one port. With SIBLINGS they are different users of one state directory, each
 * with a lock directory and a port of its own: only step 10 keeps them apart.
 */
#define NONE 15
#define GATEWAYS 3

#ifdef SIBLINGS
#define STATE_LOCK(me) me
#define CONFIG_LOCK(me) me
#else
#define STATE_LOCK(me) ((me) == 2 -> 2 : 0)
#define CONFIG_LOCK(me) 0
#endif
#define PORT(me) CONFIG_LOCK(me)

byte state_lock[GATEWAYS] = NONE;
byte config_lock[GATEWAYS] = NONE;
byte port[GATEWAYS] = NONE;
bool serving[GATEWAYS];
bool dying[GATEWAYS];
byte crashes = 1;
byte running = 0;

#define MAY_CRASH if :: crashes > 0 -> crashes--; goto dead :: true fi


inline take_state(me) { state_lock[STATE_LOCK(me)] = me }
inline drop_state(me) {
  if :: state_lock[STATE_LOCK(me)] == me -> state_lock[STATE_LOCK(me)] = NONE :: else fi
}
inline drop_config(me) {
  if :: config_lock[CONFIG_LOCK(me)] == me -> config_lock[CONFIG_LOCK(me)] = NONE :: else fi
}
inline close_port(me) { if :: port[PORT(me)] == me -> port[PORT(me)] = NONE :: else fi }
#ifdef SIBLINGS
#define SIBLING_HOLDS(me) (state_lock[(me + 1) % 3] != NONE || state_lock[(me + 2) % 3] != NONE)
#endif

inline check_alone(me) {
  assert(!serving[(me + 1) % 3] && !serving[(me + 2) % 3])
}

proctype Gateway(byte me; byte rounds) {
again:
  if
  :: rounds == 0 -> goto ended
  :: else -> rounds--
  fi;

#ifdef FAULT_SIBLINGS_FIRST
  /* Probes the other users' locks before it has its own. */
  atomic { if :: SIBLING_HOLDS(me) -> goto again :: else fi }
#endif
step9: /* the state lock; a start that waits gives up at its deadline */
  if
#ifdef FAULT_LOCK_ORDER
  :: me == 1 -> goto step11
#endif
  :: atomic { state_lock[STATE_LOCK(me)] == NONE -> take_state(me); MAY_CRASH }
#ifndef NO_DEADLINE
  :: atomic { state_lock[STATE_LOCK(me)] != NONE -> goto again }
#endif
  fi;

step10: /* the state locks of other users for the same state */
#if defined(SIBLINGS) && !defined(FAULT_SIBLINGS_FIRST)
  atomic {
    if
    :: SIBLING_HOLDS(me) -> goto undo
    :: else
    fi;
    MAY_CRASH
  }
#endif

step11: /* the config lock */
  if
  :: atomic { config_lock[CONFIG_LOCK(me)] == NONE -> config_lock[CONFIG_LOCK(me)] = me; MAY_CRASH }
#ifndef NO_DEADLINE
  :: atomic { config_lock[CONFIG_LOCK(me)] != NONE -> goto undo }
#endif
  fi;
#ifdef FAULT_LOCK_ORDER
  if
  :: me == 1 -> atomic { state_lock[STATE_LOCK(me)] == NONE -> take_state(me) }
  :: else
  fi;
#endif

step12: /* ask the port, bind and listen; a dying owner closes its listener after its locks */
  if
  :: atomic { port[PORT(me)] == NONE -> port[PORT(me)] = me; MAY_CRASH }
  :: atomic {
      port[PORT(me)] != NONE ->
      /* Only the listener of a gateway that is dying may be in the way of one that has both locks. */
      assert(dying[port[PORT(me)]]);
      goto undo
    }
  fi;

step13: /* publish host and port in the records; serve */
  atomic { serving[me] = true; check_alone(me); MAY_CRASH }
  atomic { serving[me] = false; MAY_CRASH }

step14: /* close: the listener, then the locks in reverse */
#ifdef FAULT_LOCKS_FIRST
  atomic { drop_config(me); MAY_CRASH }
  atomic { drop_state(me); MAY_CRASH }
  atomic { close_port(me); MAY_CRASH }
#else
  atomic { close_port(me); MAY_CRASH }
  atomic { drop_config(me); MAY_CRASH }
  atomic { drop_state(me); MAY_CRASH }
#endif
  goto again;

undo: /* what a failed start has taken */
  atomic { close_port(me); MAY_CRASH }
  atomic { drop_config(me); MAY_CRASH }
#ifndef FAULT_UNDO_KEEPS_STATE
  atomic { drop_state(me); MAY_CRASH }
#endif
  goto again;

dead: /* the kernel closes one descriptor after the other, in the order in which they were opened */
  skip;
  d_step { serving[me] = false; dying[me] = true }
  d_step { drop_state(me) }
  d_step { drop_config(me) }
  d_step { close_port(me); dying[me] = false }
ended:
  skip;
  d_step { running-- }
}

init {
  atomic { running = 3; run Gateway(0, 2); run Gateway(1, 2); run Gateway(2, 1) }
  (running == 0);
  /* Whatever happened, nothing blocks the next start. */
  assert(state_lock[0] == NONE && state_lock[1] == NONE && state_lock[2] == NONE);
  assert(config_lock[0] == NONE && config_lock[1] == NONE && config_lock[2] == NONE);
  assert(port[0] == NONE && port[1] == NONE && port[2] == NONE)
}
