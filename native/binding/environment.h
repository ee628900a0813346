// The state of the addon per JavaScript environment: the main thread, or one worker thread. No
// globals, so that workers neither share nor outlive each other's locks.
#pragma once

#include <napi.h>

#include "file_system.h"
#include "held_listeners.h"
#include "held_locks.h"
#include "waiters.h"
#include "wake_dispatcher.h"

namespace gateway_lock {

struct Environment {
  FileSystemCache file_systems;
  HeldLocks locks;
  HeldListeners listeners;
  Waiters waiters;
  WakeDispatcher wake_dispatcher;

  static Environment& Of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
};

}  // namespace gateway_lock
