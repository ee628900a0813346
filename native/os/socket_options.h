// Socket calls that differ between Linux and macOS.
#pragma once

#include <cstdint>

#include "listener.h"
#include "unique_handle.h"

namespace gateway_lock {

// Opens a non-blocking socket of this type (SOCK_STREAM, SOCK_DGRAM) that no child inherits.
// Returns -1 and sets errno on failure.
int OpenCloseOnExecSocket(int family, int type);

// Opens two connected Unix stream sockets that no child inherits. Returns false and sets errno on
// failure.
bool OpenCloseOnExecPair(int (&ends)[2]);

// True if Unix sockets can have names outside the file system.
extern const bool kHasAbstractNames;

// The flag of send() that prevents SIGPIPE, or 0 if a datagram never causes one.
extern const int kNoSignal;

// Lets the next gateway bind the port while connections of this socket are still closing. The
// socket must have been bound without SO_REUSEADDR and must already be listening or connected.
void AllowRebindInTimeWait(const SocketHandle& listening);

// Returns true if a process is listening on an address of `endpoint` although a bind() without
// SO_REUSEADDR succeeds.
bool StrictBindMisses(const Endpoint& endpoint);

// Returns true if a process is listening on an address of `endpoint` although a bind() with
// SO_REUSEADDR succeeds.
bool ReusingBindMisses(const Endpoint& endpoint);

}  // namespace gateway_lock
