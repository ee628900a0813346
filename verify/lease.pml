/* The lease core of src/cluster/lease.ts: two clients, one server, requests and answers that take any time or get lost, clients
 * that stop at any moment, and clocks that lose a tick now and then.
 *
 * Property: no two clients believe in the lock at one moment, and a client that has seen its lease end never believes in it again.
 * Each of the macros FROM_ANSWER, NO_MARGIN, CLOCK_STOPS and RESURRECT plants a fault that spin must find.
 *
 * Times are kept as differences to now, so that the model runs forever with finitely many states. A clock that runs fast only ends
 * the belief earlier, and is left out. Run by test/cluster/model.test.ts. */

#define TTL 4
#define NOBODY 2

#ifdef NO_MARGIN
#define MARGIN 0
#else
#define MARGIN 1
#endif

mtype = { none, sent, answered };

typedef Client {
  byte since = TTL;      /* ticks since its clock has lost one; at most one in a time to live */
  byte age;              /* by its clock: since the request was sent */
  byte left;             /* by its clock: until the deadline */
  bool granted;
  bool ended;            /* it has seen the end of its lease */
  mtype request = none;
}

Client client[2];
byte owner = NOBODY;
byte server_left;

#define HELD(i) (client[i].granted && client[i].left > 0)
#define EXPIRED(i) (client[i].granted && client[i].left == 0)

/* Suspend is any number of ticks without a step of the client. */
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

/* A renewal after the end of the lease is refused, because the lease does not exist. */
inline serve(i) {
  if
  :: owner == i || (owner == NOBODY && !client[i].granted) ->
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
  :: atomic { owner != NOBODY && server_left == 0 -> owner = NOBODY }
  :: atomic { client[0].request == sent -> serve(0) }
  :: atomic { client[1].request == sent -> serve(1) }
  od
}

active [2] proctype believer() {
  byte i = _pid - 2;
  do
  :: atomic { client[i].request == none && !client[i].ended -> client[i].request = sent }
  :: atomic { client[i].request == answered -> extend(i) }
  :: atomic { client[i].request != none -> client[i].request = none; client[i].age = 0 }  /* lost on the way */
  :: atomic { EXPIRED(i) && !client[i].ended -> client[i].ended = true }
  :: atomic { client[i].ended && client[i].request == none -> client[i].ended = false; client[i].granted = false }  /* a new claim */
  od
}

active proctype oracle() {
  assert(!(HELD(0) && HELD(1)) && !(HELD(0) && client[0].ended) && !(HELD(1) && client[1].ended))
}
