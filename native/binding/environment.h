// The addon's state in one JavaScript environment, which is the main thread or a worker thread. It
// is not global, so that a worker has its own locks, which are released when the worker ends.
#pragma once

#include <napi.h>

#include "file_system.h"
#include "held_listeners.h"
#include "held_locks.h"
#include "notify_sockets.h"
#include "waiters.h"
#include "wake_dispatcher.h"

namespace gateway_lock {

struct Environment {
  FileSystemCache file_systems;
  HeldLocks locks;
  HeldListeners listeners;
  NotifySockets notify_sockets;
  Waiters waiters;
  WakeDispatcher wake_dispatcher;

  static Environment& Of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
};

}  // namespace gateway_lock
