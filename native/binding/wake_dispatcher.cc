#include "wake_dispatcher.h"

namespace gateway_lock {
namespace {

// Schedules Dispatch() on the JavaScript thread. Runs on the watcher thread. While the environment
// is ending, N-API refuses the call (napi_closing), but by then no waiter is left.
void Notify(void* tsfn) {
  (void)napi_call_threadsafe_function(static_cast<napi_threadsafe_function>(tsfn), nullptr,
                                      napi_tsfn_nonblocking);
}

}  // namespace

ReleaseWatch* WakeDispatcher::StartWatch(Napi::Env env) {
  if (watch_ != nullptr) return watch_.get();
  napi_value name = Napi::String::New(env, "gateway-lock");
  if (name == nullptr) return nullptr;
  napi_status made = napi_create_threadsafe_function(
      env, nullptr, nullptr, name, /*max_queue_size=*/0, /*initial_thread_count=*/1, nullptr,
      nullptr, this, Dispatch, &tsfn_);
  if (made != napi_ok) return nullptr;
  // Must not keep the process alive, because the timer for the waiter's deadline already does.
  (void)napi_unref_threadsafe_function(env, tsfn_);
  // Cleanup hooks run in reverse order of registration, so this hook ends the watcher thread before
  // Node's own hook destroys the thread-safe function that the thread calls.
  env.AddCleanupHook([](WakeDispatcher* self) { self->End(); }, this);
  watch_ = std::make_unique<ReleaseWatch>(Notify, tsfn_);
  return watch_.get();
}

WakeDispatcher::Token WakeDispatcher::Register(WakeTarget* target) {
  targets_[++last_token_] = target;
  return last_token_;
}

void WakeDispatcher::Unregister(Token token) {
  targets_.erase(token);
  if (watch_ != nullptr) watch_->Unwatch(token);
}

void WakeDispatcher::End() {
  watch_.reset();
  if (tsfn_ != nullptr) (void)napi_release_threadsafe_function(tsfn_, napi_tsfn_abort);
  tsfn_ = nullptr;
}

// Wakes the targets of all reported events. Runs on the JavaScript thread. `env` is null while the
// environment is ending.
void WakeDispatcher::Dispatch(napi_env env, napi_value /*function*/, void* self, void* /*data*/) {
  if (env != nullptr) static_cast<WakeDispatcher*>(self)->WakeTargets();
}

void WakeDispatcher::WakeTargets() {
  if (watch_ == nullptr) return;
  for (Token token : watch_->TakeEvents()) {
    // Looks up each target just before waking it, because an earlier target may have unregistered
    // it.
    auto found = targets_.find(token);
    if (found != targets_.end()) found->second->Wake();
  }
}

}  // namespace gateway_lock
