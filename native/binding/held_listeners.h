// The listening sockets of an environment. JavaScript knows each by an id, for the reason given in
// held_locks.h. An id that is closed, detached or unknown behaves like a closed listener.
#pragma once

#include <napi.h>

#include <cstdint>
#include <unordered_map>

#include "listener.h"

namespace gateway_lock {

class HeldListeners {
 public:
  using Id = std::int64_t;

  // Returns a new id, which was never used before.
  Id Insert(Listener listener);
  // Returns a closed listener if the id is unknown.
  Listener& Find(Id id);
  void Detach(Id id);
  void Close(Id id);
  // Called when the environment ends.
  void CloseAll();

 private:
  std::unordered_map<Id, Listener> held_;
  Listener none_;
  Id last_ = 0;
};

void ExportListeners(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
