#include "wake_dispatcher.h"

namespace gateway_lock {
namespace {

// Runs on the thread of the watch. The call is refused (napi_closing) when the environment is
// ending; there is no waiter then.
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
  // The timer of the waiter's deadline keeps the process alive; the thread-safe function must not
  // do so as well.
  (void)napi_unref_threadsafe_function(env, tsfn_);
  // Hooks run in reverse order: this hook runs before that of Node, which ends the thread-safe
  // function, so that the thread never calls a function that is gone.
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

// Runs on the JavaScript thread. `env` is null when the environment is ending.
void WakeDispatcher::Dispatch(napi_env env, napi_value /*function*/, void* self, void* /*data*/) {
  if (env != nullptr) static_cast<WakeDispatcher*>(self)->WakeTargets();
}

void WakeDispatcher::WakeTargets() {
  if (watch_ == nullptr) return;
  for (Token token : watch_->TakeEvents()) {
    // Looks the target up each time: the previous target may have unregistered it.
    auto found = targets_.find(token);
    if (found != targets_.end()) found->second->Wake();
  }
}

}  // namespace gateway_lock
