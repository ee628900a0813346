// Raw sockets, to see from outside what the listener does.
#pragma once

#include "listener.h"
#include "unique_handle.h"

namespace gateway_lock::test {

Listener ListenOn(const Endpoint& endpoint);
int ErrorOfListening(const Endpoint& endpoint);

// Blocking; fails the test when nobody accepts.
SocketHandle Connect(const Endpoint& endpoint);
SocketHandle Accept(const Listener& listener);
// 0, or the errno of a bind() without SO_REUSEADDR.
int ErrorOfStrictBind(const Endpoint& endpoint);
// The same, and the bound socket, which does not listen.
int StrictBind(const Endpoint& endpoint, SocketHandle* out);

bool HasIPv6();

}  // namespace gateway_lock::test
