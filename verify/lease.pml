/*
 * The core of the lease in src/cluster/lease.ts, with two clients and one server. A request or a
 * response can take any amount of time or get lost. A client can stop at any moment. A clock loses
 * at most one tick during the time to live of a lease.
 *
 * Property: the two clients never hold the lock at the same time, and a client that has seen its
 * lease end never holds the lock again under that lease. Each of the macros FROM_ANSWER, NO_MARGIN,
 * CLOCK_STOPS and RESURRECT plants a fault that spin must find.
 *
 * Times are stored relative to now, so that the model runs forever with a finite number of states.
 * A fast clock is not modelled, because it only ends a lease earlier. test/cluster/model.test.ts
 * runs this model.
 */

#define TTL 4
#define NO_OWNER 2

#ifdef NO_MARGIN
#define MARGIN 0
#else
#define MARGIN 1
#endif

mtype = { none, sent, answered };

typedef Client {
  byte since = TTL;      /* ticks since the client's clock last lost a tick; at most TTL */
  byte age;              /* ticks of the client's clock since the request was sent */
  byte left;             /* ticks of the client's clock until its lease ends */
  bool granted;
  bool ended;            /* the client has seen the end of its lease */
  mtype request = none;
}

Client client[2];
byte owner = NO_OWNER;
byte server_left;

#define HELD(i) (client[i].granted && client[i].left > 0)
#define EXPIRED(i) (client[i].granted && client[i].left == 0)

/* A client that takes no step for some ticks is suspended. The number of ticks is not limited. */
inline tick_clock(i) {
  if
  :: true ->
     client[i].since = (client[i].since < TTL -> client[i].since + 1 : TTL);
     client[i].age = (client[i].request != none && client[i].age < TTL -> client[i].age + 1 : client[i].age);
     client[i].left = (client[i].left > 0 -> client[i].left - 1 : 0)
#ifdef CLOCK_STOPS
  :: true
#else
  :: client[i].since == TTL -> client[i].since = 0
#endif
  fi
}

/* The server refuses to renew an ended lease, because the server has deleted the ended lease. */
inline serve(i) {
  if
  :: owner == i || (owner == NO_OWNER && !client[i].granted) ->
     owner = i; server_left = TTL; client[i].request = answered
  :: else -> client[i].request = none; client[i].age = 0
  fi
}

#ifdef FROM_ANSWER
#define COUNTED(i) 0
#else
#define COUNTED(i) client[i].age
#endif

inline extend(i) {
  if
#ifndef RESURRECT
  :: client[i].ended || EXPIRED(i) -> client[i].ended = true
#endif
  :: else ->
     client[i].left = (COUNTED(i) + MARGIN < TTL -> TTL - MARGIN - COUNTED(i) : 0);
     client[i].granted = true
  fi;
  client[i].request = none;
  client[i].age = 0
}

active proctype time() {
  do
  :: atomic { tick_clock(0); tick_clock(1); server_left = (server_left > 0 -> server_left - 1 : 0) }
  od
}

active proctype server() {
  do
  :: atomic { owner != NO_OWNER && server_left == 0 -> owner = NO_OWNER }
  :: atomic { client[0].request == sent -> serve(0) }
  :: atomic { client[1].request == sent -> serve(1) }
  od
}

active [2] proctype claimant() {
  byte i = _pid - 2;
  do
  :: atomic { client[i].request == none && !client[i].ended -> client[i].request = sent }
  :: atomic { client[i].request == answered -> extend(i) }
     /* The request or the response is lost. */
  :: atomic { client[i].request != none -> client[i].request = none; client[i].age = 0 }
  :: atomic { EXPIRED(i) && !client[i].ended -> client[i].ended = true }
     /* The client forgets its ended lease, so its next request asks for a new lease. */
  :: atomic { client[i].ended && client[i].request == none -> client[i].ended = false; client[i].granted = false }
  od
}

active proctype oracle() {
  assert(!(HELD(0) && HELD(1)) && !(HELD(0) && client[0].ended) && !(HELD(1) && client[1].ended))
}
