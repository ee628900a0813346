// Those of an environment who wait for a lock, each known to JavaScript by a number, for the
// reasons of held_locks.h, and woken by the function that they came with. A number of no contender
// (it is closed, or was never one) is told that its lock can be neither tried nor watched.
#pragma once

#include <napi.h>

#include <memory>
#include <unordered_map>

#include "lock_contender.h"
#include "wake_ups.h"

namespace gateway_lock {

class Contender : public Sleeper {
 public:
  Contender(LockContender contender, Napi::Function wake);
  LockContender& lock() { return contender_; }
  void Wake() override;

 private:
  LockContender contender_;
  Napi::FunctionReference wake_;
};

class Contenders {
 public:
  using Id = WakeUps::Token;

  // Never an id that was given before, and never 0.
  Id Keep(std::unique_ptr<Contender> contender, WakeUps* wake_ups);
  // nullptr where there is none.
  Contender* Find(Id id);
  void Close(Id id, WakeUps* wake_ups);
  // When the environment ends.
  void CloseAll(WakeUps* wake_ups);

 private:
  std::unordered_map<Id, std::unique_ptr<Contender>> waiting_;
};

void ExportContenders(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
