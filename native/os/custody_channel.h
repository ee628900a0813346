// The channel through which a process hands its locks and sockets over to another: two connected
// stream sockets.
//
// Guaranteed: of all processes that have inherited copies of one end, at most one takes the token.
// NOT promised: protection from a process that reads the channel without taking the token.
// Thread-safety: stateless. Implemented per OS; kUnsupported on Windows.
#pragma once

#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

struct SocketPair {
  SocketHandle first;
  SocketHandle second;
};

// Opens a blocking socket pair. Both ends are close-on-exec.
Status OpenSocketPair(SocketPair* pair);

// Reads the token, the byte 'a', from an inherited socket, without blocking. Returns true if this
// call has read the token; the socket is then close-on-exec. Otherwise reads nothing, and returns
// false also for a descriptor that is not a socket.
bool TakeToken(NativeHandle socket);

// Tells the other end that nothing more will be sent. Replies can still be read. Does nothing if
// the other end is closed, or if the descriptor is not a socket.
void EndWrites(NativeHandle socket);

}  // namespace gateway_lock
