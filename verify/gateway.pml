/*
 * Three gateways that start, serve, close and die (steps 9 to 14 of docs/protocol.md). If a start
 * fails, the gateway releases the locks and the port that it has acquired. When a gateway is
 * killed, the kernel closes its descriptors one by one. Acquiring a lock is a single step in this
 * model, because lock.pml shows that a lock has at most one exclusive holder.
 *
 * Gateways 0 and 1 share a state directory and a config file. Gateway 2 has another state directory
 * and the same config file. All three gateways use the same port. With SIBLINGS the gateways belong
 * to three users who share one state directory. In that case each gateway has its own lock
 * directory and port, so only step 10 excludes the other gateways.
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

inline acquire_state(me) { state_lock[STATE_LOCK(me)] = me }
inline release_state(me) {
  if :: state_lock[STATE_LOCK(me)] == me -> state_lock[STATE_LOCK(me)] = NONE :: else fi
}
inline release_config(me) {
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
  /* The gateway probes the locks of the other users before it holds its own lock. */
  atomic { if :: SIBLING_HOLDS(me) -> goto again :: else fi }
#endif
step9: /* acquire the state lock; a waiting gateway gives up at its deadline */
  if
#ifdef FAULT_LOCK_ORDER
  :: me == 1 -> goto step11
#endif
  :: atomic { state_lock[STATE_LOCK(me)] == NONE -> acquire_state(me); MAY_CRASH }
#ifndef NO_DEADLINE
  :: atomic { state_lock[STATE_LOCK(me)] != NONE -> goto again }
#endif
  fi;

step10: /* probe the state locks of the other users of this state directory */
#if defined(SIBLINGS) && !defined(FAULT_SIBLINGS_FIRST)
  atomic {
    if
    :: SIBLING_HOLDS(me) -> goto undo
    :: else
    fi;
    MAY_CRASH
  }
#endif

step11: /* acquire the config lock */
  if
  :: atomic { config_lock[CONFIG_LOCK(me)] == NONE -> config_lock[CONFIG_LOCK(me)] = me; MAY_CRASH }
#ifndef NO_DEADLINE
  :: atomic { config_lock[CONFIG_LOCK(me)] != NONE -> goto undo }
#endif
  fi;
#ifdef FAULT_LOCK_ORDER
  if
  :: me == 1 -> atomic { state_lock[STATE_LOCK(me)] == NONE -> acquire_state(me) }
  :: else
  fi;
#endif

step12: /* probe the port, bind and listen; a dying gateway loses its locks before its port */
  if
  :: atomic { port[PORT(me)] == NONE -> port[PORT(me)] = me; MAY_CRASH }
  :: atomic {
      port[PORT(me)] != NONE ->
      /* If a gateway holds both locks, only a dying gateway can still use the port. */
      assert(dying[port[PORT(me)]]);
      goto undo
    }
  fi;

step13: /* write the host and port into the records; serve */
  atomic { serving[me] = true; check_alone(me); MAY_CRASH }
  atomic { serving[me] = false; MAY_CRASH }

step14: /* close the listener, then release the locks in reverse order */
#ifdef FAULT_LOCKS_FIRST
  atomic { release_config(me); MAY_CRASH }
  atomic { release_state(me); MAY_CRASH }
  atomic { close_port(me); MAY_CRASH }
#else
  atomic { close_port(me); MAY_CRASH }
  atomic { release_config(me); MAY_CRASH }
  atomic { release_state(me); MAY_CRASH }
#endif
  goto again;

undo: /* a failed start releases the port and the locks that it has acquired */
  atomic { close_port(me); MAY_CRASH }
  atomic { release_config(me); MAY_CRASH }
#ifndef FAULT_UNDO_KEEPS_STATE
  atomic { release_state(me); MAY_CRASH }
#endif
  goto again;

dead: /* the kernel closes the descriptors one by one, in the order in which they were opened */
  skip;
  d_step { serving[me] = false; dying[me] = true }
  d_step { release_state(me) }
  d_step { release_config(me) }
  d_step { close_port(me); dying[me] = false }
ended:
  skip;
  d_step { running-- }
}

init {
  atomic { running = 3; run Gateway(0, 2); run Gateway(1, 2); run Gateway(2, 1) }
  (running == 0);
  /* After all gateways have ended, no lock and no port is in use, so the next start succeeds. */
  assert(state_lock[0] == NONE && state_lock[1] == NONE && state_lock[2] == NONE);
  assert(config_lock[0] == NONE && config_lock[1] == NONE && config_lock[2] == NONE);
  assert(port[0] == NONE && port[1] == NONE && port[2] == NONE)
}
