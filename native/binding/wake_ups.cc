#include "wake_ups.h"

namespace gateway_lock {
namespace {

// On the watch's thread. Refused (napi_closing) when the environment is ending: then nobody waits.
void Notify(void* way) {
  (void)napi_call_threadsafe_function(static_cast<napi_threadsafe_function>(way), nullptr,
                                      napi_tsfn_nonblocking);
}

}  // namespace

ReleaseWatch* WakeUps::WatchOf(Napi::Env env) {
  if (watch_ != nullptr) return watch_.get();
  napi_value name = Napi::String::New(env, "gateway-lock");
  if (name == nullptr) return nullptr;
  napi_status made = napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr,
                                                     nullptr, this, Dispatch, &tsfn_);
  if (made != napi_ok) return nullptr;
  // Who waits keeps its process alive with the timer of its deadline; this must not do so as well.
  (void)napi_unref_threadsafe_function(env, tsfn_);
  // Hooks run in reverse order: this one before the one with which Node ends the way itself, so
  // that the thread never meets a way that is gone.
  env.AddCleanupHook([](WakeUps* self) { self->End(); }, this);
  watch_ = std::make_unique<ReleaseWatch>(Notify, tsfn_);
  return watch_.get();
}

WakeUps::Token WakeUps::Register(Wakeable* wakeable) {
  sleepers_[++last_token_] = wakeable;
  return last_token_;
}

void WakeUps::Unregister(Token token) {
  sleepers_.erase(token);
  if (watch_ != nullptr) watch_->Unwatch(token);
}

void WakeUps::End() {
  watch_.reset();
  if (tsfn_ != nullptr) (void)napi_release_threadsafe_function(tsfn_, napi_tsfn_abort);
  tsfn_ = nullptr;
}

// On the JavaScript thread. Without an environment when that is ending.
void WakeUps::Dispatch(napi_env env, napi_value /*function*/, void* self, void* /*data*/) {
  if (env != nullptr) static_cast<WakeUps*>(self)->WakeReported();
}

void WakeUps::WakeReported() {
  if (watch_ == nullptr) return;
  for (Token token : watch_->TakeEvents()) {
    // Looked up each time: whoever was woken before may have sent this one away.
    auto found = sleepers_.find(token);
    if (found != sleepers_.end()) found->second->Wake();
  }
}

}  // namespace gateway_lock
