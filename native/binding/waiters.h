// Those of an environment who wait for a lock, each known to JavaScript by a number, for the
// reasons of held_locks.h, and woken by the function that they came with. A number of no waiter
// (it is closed, or was never one) is told that its lock can be neither tried nor watched.
#pragma once

#include <napi.h>

#include <memory>
#include <unordered_map>

#include "lock_contender.h"
#include "wake_ups.h"

namespace gateway_lock {

class Waiter : public Wakeable {
 public:
  Waiter(LockContender waiter, Napi::Function wake);
  LockContender& lock() { return lock_contender_; }
  void Wake() override;

 private:
  LockContender lock_contender_;
  Napi::FunctionReference wake_;
};

class Waiters {
 public:
  using Id = WakeUps::Token;

  // Never an id that was given before, and never 0.
  Id Insert(std::unique_ptr<Waiter> waiter, WakeUps* wake_ups);
  // nullptr where there is none.
  Waiter* Find(Id id);
  void Close(Id id, WakeUps* wake_ups);
  // When the environment ends.
  void CloseAll(WakeUps* wake_ups);

 private:
  std::unordered_map<Id, std::unique_ptr<Waiter>> waiting_;
};

void ExportContenders(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
