// Functions that open plain sockets, for checking how other programs see a listener.
#pragma once

#include <string>

#include "listener.h"
#include "status.h"
#include "unique_handle.h"

namespace gateway_lock::test {

// Returns Node's name for the error, or "" for a success.
std::string ErrorOf(const Status& status);

Listener ListenOn(const Endpoint& endpoint);
std::string ErrorOfListening(const Endpoint& endpoint);

// Returns a blocking, connected socket. Fails the test if the connection is refused.
SocketHandle Connect(const Endpoint& endpoint);
// Starts to connect without waiting for the connection.
SocketHandle BeginConnect(const Endpoint& endpoint);
SocketHandle Accept(const Listener& listener);
// Returns an invalid handle if no connection is waiting.
SocketHandle TryAccept(const Listener& listener);
// Waits until the peer has closed the connection.
void AwaitEnd(const SocketHandle& connection);

// A socket that is bound but does not listen.
struct BoundSocket {
  SocketHandle socket;
  Endpoint endpoint;
};
BoundSocket BindWithoutListening(const Endpoint& endpoint);
// Returns the name of the error of a bind() without socket options.
std::string ErrorOfStrictBind(const Endpoint& endpoint);

bool ChildrenInherit(NativeHandle socket);
bool HasIPv6();
// Returns false if the system does not report any listener's process, as under Wine.
bool SystemReportsOwners();

}  // namespace gateway_lock::test
