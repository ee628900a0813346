// Raw sockets, to see from outside what the listener does.
#pragma once

#include <string>

#include "listener.h"
#include "status.h"
#include "unique_handle.h"

namespace gateway_lock::test {

// What Node calls it; "" for success.
std::string ErrorOf(const Status& status);

Listener ListenOn(const Endpoint& endpoint);
std::string ErrorOfListening(const Endpoint& endpoint);

// Blocking; fails the test when nobody accepts.
SocketHandle Connect(const Endpoint& endpoint);
// Does not wait for anybody to accept.
SocketHandle BeginConnect(const Endpoint& endpoint);
SocketHandle Accept(const Listener& listener);
// Not valid when nobody is there.
SocketHandle AcceptAtOnce(const Listener& listener);
// Waits until the other end has closed the connection.
void AwaitEnd(const SocketHandle& connection);

// A socket that is bound and does not listen.
struct Squatter {
  SocketHandle socket;
  Endpoint endpoint;
};
Squatter SquatOn(const Endpoint& endpoint);
// Of a bind() without any option.
std::string ErrorOfStrictBind(const Endpoint& endpoint);

bool ChildrenInherit(NativeHandle socket);
bool HasIPv6();
// Whether the system says of any listener whose it is.
bool SystemNamesOwners();

}  // namespace gateway_lock::test
