// Brings what the watch's thread sees to the JavaScript thread: one watch, and one tsfn there, per
// environment. Neither exists before the first waiter has to wait.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "release_watch.h"

namespace gateway_lock {

// Who waits. Wake() is called on the JavaScript thread, with a handle scope.
class WakeTarget {
 public:
  virtual ~WakeTarget() = default;
  virtual void Wake() = 0;
};

class WakeDispatcher {
 public:
  using Token = ReleaseWatch::Token;

  WakeDispatcher() = default;
  ~WakeDispatcher() { End(); }
  WakeDispatcher(const WakeDispatcher&) = delete;
  WakeDispatcher& operator=(const WakeDispatcher&) = delete;

  // nullptr when this environment cannot be reached from another thread (it is ending).
  ReleaseWatch* StartWatch(Napi::Env env);
  // Never 0.
  Token Register(WakeTarget* target);
  void Unregister(Token token);
  // Ends the thread and waits for that. Nothing is brought any more.
  void End();

 private:
  static void Dispatch(napi_env env, napi_value function, void* self, void* data);
  void WakeTargets();

  std::unique_ptr<ReleaseWatch> watch_;
  napi_threadsafe_function tsfn_ = nullptr;
  std::unordered_map<Token, WakeTarget*> targets_;
  Token last_token_ = 0;
};

}  // namespace gateway_lock
