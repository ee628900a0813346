// The waiters of one JavaScript environment. JavaScript code refers to each waiter by an id, for
// the reason given in held_locks.h, and passes the function that wakes it. A call with the id of a
// closed or unknown waiter behaves as if the lock were refused and could not be watched.
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

  // Stores the waiter and returns its id. Ids are never 0 and never reused.
  Id Insert(std::unique_ptr<Waiter> waiter, WakeDispatcher* wake_dispatcher);
  // Returns the waiter with this id, or nullptr if the id is unknown.
  Waiter* Find(Id id);
  void Close(Id id, WakeDispatcher* wake_dispatcher);
  // Closes all waiters. Called when the environment ends.
  void CloseAll(WakeDispatcher* wake_dispatcher);

 private:
  std::unordered_map<Id, std::unique_ptr<Waiter>> waiters_;
};

void ExportWaiters(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
