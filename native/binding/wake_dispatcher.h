// Passes the events of a ReleaseWatch from the watcher thread to the JavaScript thread. Each
// environment has one watch and one thread-safe function, created when the first waiter has to
// wait.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "release_watch.h"

namespace gateway_lock {

// A waiter that can be woken. Wake() is called on the JavaScript thread, inside a handle scope.
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

  // Returns this environment's watch, and starts it if needed. Returns nullptr if the environment
  // is ending and can no longer be called from another thread.
  ReleaseWatch* StartWatch(Napi::Env env);
  // Registers the target and returns its new token, which is never 0.
  Token Register(WakeTarget* target);
  void Unregister(Token token);
  // Ends the watch and waits until its thread has ended. No target is woken after that.
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
