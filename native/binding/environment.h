// What the addon keeps per JavaScript environment: the main thread, or one worker thread. No
// globals, so that workers neither share nor outlive each other's locks.
#pragma once

#include <napi.h>

#include <memory>
#include <unordered_set>

#include "file_system.h"
#include "held_locks.h"
#include "wake_ups.h"

namespace gateway_lock {

// Something that must be let go when its environment ends. CloseNow() may not call JavaScript.
class LiveHandle {
 public:
  virtual ~LiveHandle() = default;
  virtual void CloseNow() = 0;
};

struct Environment {
  KnownFileSystems file_systems;
  HeldLocks locks;
  std::unordered_set<LiveHandle*> live;
  WakeUps wake_ups;
  Napi::FunctionReference contender_class;
  Napi::FunctionReference listener_class;

  static Environment& Of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
};

}  // namespace gateway_lock
