// The waiters of an environment. JavaScript knows each by an id, for the reason given in
// held_locks.h, and passes a function that wakes it. An id that is closed or unknown behaves like a
// waiter whose lock is refused and cannot be watched.
#pragma once

#include <napi.h>

#include <memory>
#include <unordered_map>

#include "lock_contender.h"
#include "wake_dispatcher.h"

namespace gateway_lock {

class Waiter : public WakeTarget {
 public:
  Waiter(LockContender contender, Napi::Function wake);
  LockContender& contender() { return contender_; }
  void Wake() override;

 private:
  LockContender contender_;
  Napi::FunctionReference wake_;
};

class Waiters {
 public:
  using Id = WakeDispatcher::Token;

  // Returns a new id, which was never used before and is not 0.
  Id Insert(std::unique_ptr<Waiter> waiter, WakeDispatcher* wake_dispatcher);
  // Returns nullptr if the id is unknown.
  Waiter* Find(Id id);
  void Close(Id id, WakeDispatcher* wake_dispatcher);
  // Called when the environment ends.
  void CloseAll(WakeDispatcher* wake_dispatcher);

 private:
  std::unordered_map<Id, std::unique_ptr<Waiter>> waiters_;
};

void ExportWaiters(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
