// The listening sockets that an environment holds, each known to JavaScript by a number, for the
// reasons of held_locks.h. A number of no listener (it is closed, detached, or was never one) reads
// as one that is closed.
#pragma once

#include <napi.h>

#include <cstdint>
#include <unordered_map>

#include "listener.h"

namespace gateway_lock {

class HeldListeners {
 public:
  using Id = std::int64_t;

  // Never an id that was given before.
  Id Insert(Listener listener);
  // One that is closed, where there is none.
  Listener& Find(Id id);
  void Detach(Id id);
  void Close(Id id);
  // When the environment ends.
  void CloseAll();

 private:
  std::unordered_map<Id, Listener> held_;
  Listener none_;
  Id last_ = 0;
};

void ExportListeners(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
