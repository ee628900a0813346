// Passes the events of a ReleaseWatch from its thread to the JavaScript thread. Each environment
// has one watch and one thread-safe function, both created for the first waiter that has to wait.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "release_watch.h"

namespace gateway_lock {

// A waiter that can be woken. Wake() is called on the JavaScript thread, with a handle scope.
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

  // Starts the watch if needed. Returns nullptr if another thread cannot reach this environment any
  // more (it is ending).
  ReleaseWatch* StartWatch(Napi::Env env);
  // Returns a new token, which is not 0.
  Token Register(WakeTarget* target);
  void Unregister(Token token);
  // Ends the watch and waits for its thread. No target is woken afterwards.
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
