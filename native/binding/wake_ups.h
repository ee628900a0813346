// Brings what the watch's thread sees to the JavaScript thread: one watch, and one way there, per
// environment. Neither exists before the first waiter has to wait.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "release_watch.h"

namespace gateway_lock {

// Who waits. Wake() is called on the JavaScript thread, with a handle scope.
class Wakeable {
 public:
  virtual ~Wakeable() = default;
  virtual void Wake() = 0;
};

class WakeUps {
 public:
  using Token = ReleaseWatch::Token;

  WakeUps() = default;
  ~WakeUps() { End(); }
  WakeUps(const WakeUps&) = delete;
  WakeUps& operator=(const WakeUps&) = delete;

  // nullptr when this environment cannot be reached from another thread (it is ending).
  ReleaseWatch* WatchOf(Napi::Env env);
  // Never 0.
  Token Register(Wakeable* wakeable);
  void Unregister(Token token);
  // Ends the thread and waits for that. Nothing is brought any more.
  void End();

 private:
  static void Dispatch(napi_env env, napi_value function, void* self, void* data);
  void WakeReported();

  std::unique_ptr<ReleaseWatch> watch_;
  napi_threadsafe_function tsfn_ = nullptr;
  std::unordered_map<Token, Wakeable*> sleepers_;
  Token last_token_ = 0;
};

}  // namespace gateway_lock
