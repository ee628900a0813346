// The listening sockets of one JavaScript environment. JavaScript code refers to each by an id, for
// the reason given in held_locks.h. A call with the id of a detached or unknown listener behaves as
// if the listener were closed.
#pragma once

#include <napi.h>

#include <cstdint>
#include <unordered_map>

#include "listener.h"

namespace gateway_lock {

class HeldListeners {
 public:
  using Id = std::int64_t;

  // Stores the listener and returns its id. Ids are never reused.
  Id Insert(Listener listener);
  // Returns the listener with this id, or a closed listener if the id is unknown.
  Listener& Find(Id id);
  void Detach(Id id);
  void Close(Id id);
  // Closes all listeners. Called when the environment ends.
  void CloseAll();

 private:
  std::unordered_map<Id, Listener> held_;
  Listener none_;
  Id last_ = 0;
};

void ExportListeners(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
