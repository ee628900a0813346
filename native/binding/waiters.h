// Those of an environment who wait for a lock, each known to JavaScript by a number, for the
// reasons of held_locks.h, and woken by the function that they came with. A number of no waiter
// (it is closed, or was never one) is told that its lock can be neither tried nor watched.
#pragma once

#include <napi.h>

#include <memory>
#include <unordered_map>

#include "lock_contender.h"
#include "wake_dispatcher.h"

namespace gateway_lock {

class Waiter : public WakeTarget {
 public:
  Waiter(LockContender waiter, Napi::Function wake);
  LockContender& lock() { return contender_; }
  void Wake() override;

 private:
  LockContender contender_;
  Napi::FunctionReference wake_;
};

class Waiters {
 public:
  using Id = WakeDispatcher::Token;

  // Never an id that was given before, and never 0.
  Id Insert(std::unique_ptr<Waiter> waiter, WakeDispatcher* wake_dispatcher);
  // nullptr where there is none.
  Waiter* Find(Id id);
  void Close(Id id, WakeDispatcher* wake_dispatcher);
  // When the environment ends.
  void CloseAll(WakeDispatcher* wake_dispatcher);

 private:
  std::unordered_map<Id, std::unique_ptr<Waiter>> waiters_;
};

void ExportWaiters(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
