#include "waiters.h"

#include <utility>

#include "arguments.h"
#include "environment.h"
#include "held_locks.h"
#include "js_error.h"
#include "lock_flags.h"

namespace gateway_lock {
namespace {

Napi::Value JsCreateWaiter(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  std::string path = arguments.Text(0);
  std::int64_t flags = arguments.Integer(1, 0, kAllLockFlags);
  Napi::Function wake = arguments.Function(2);
  if (!arguments.valid()) return env.Undefined();
  auto waiter = std::make_unique<Waiter>(LockContender(path, OptionsOf(flags)), wake);
  Environment& environment = Environment::Of(env);
  Waiters::Id id = environment.waiters.Insert(std::move(waiter), &environment.wake_dispatcher);
  return Napi::Number::New(env, static_cast<double>(id));
}

// Reads the id of a waiter, which is argument 0 of every function except createWaiter().
Waiters::Id ReadId(Arguments* arguments) {
  return static_cast<Waiters::Id>(arguments->Integer(0, 0, kLargestId));
}

Waiter* Find(const Napi::CallbackInfo& info, Waiters::Id id) {
  return Environment::Of(info.Env()).waiters.Find(id);
}

// Makes one attempt to acquire the lock, which the environment then owns. The waiter is kept, in
// case the caller has to release the lock and wait again.
Napi::Value JsRetry(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Waiters::Id id = ReadId(&arguments);
  if (!arguments.valid()) return info.Env().Undefined();
  FileLock lock;
  std::string path;
  std::string holder_record;
  Status status = Status::Contended();
  if (Waiter* waiter = Find(info, id)) {
    path = waiter->contender().path();
    status = waiter->contender().Try(&Environment::Of(info.Env()).file_systems, &lock);
    if (status.contended()) (void)waiter->contender().ReadRecord(&holder_record);
  }
  return ToJsResult(info.Env(), status, {&lock, path, holder_record});
}

Napi::Value JsHolderRecord(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Waiters::Id id = ReadId(&arguments);
  if (!arguments.valid()) return info.Env().Undefined();
  std::string record;
  if (Waiter* waiter = Find(info, id)) {
    Status status = waiter->contender().ReadRecord(&record);
    if (!status.ok()) ThrowForPath(info.Env(), status, waiter->contender().path());
  }
  return Napi::String::New(info.Env(), record);
}

const char* NameOf(WatchScope scope) {
  switch (scope) {
    case WatchScope::kOwner:
      return "owner";
    case WatchScope::kRelease:
      return "release";
    case WatchScope::kFile:
      break;
  }
  return "file";
}

// Starts a watch and returns the name of its scope. Returns "gone" if the file was removed, or
// "nothing" if the file cannot be watched for any other reason, so that the caller polls.
const char* WatchAndName(Napi::Env env, Waiters::Id id, std::int64_t owner_pid) {
  Waiter* waiter = Environment::Of(env).waiters.Find(id);
  ReleaseWatch* watch =
      waiter == nullptr ? nullptr : Environment::Of(env).wake_dispatcher.StartWatch(env);
  if (watch == nullptr) return "nothing";
  WatchScope scope = WatchScope::kFile;
  Status status = waiter->contender().Watch(watch, id, owner_pid, &scope);
  if (status.kind == StatusKind::kReplaced) return "gone";
  return status.ok() ? NameOf(scope) : "nothing";
}

Napi::Value JsWatch(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Waiters::Id id = ReadId(&arguments);
  std::int64_t owner_pid = arguments.Integer(1, 0, INT32_MAX);
  if (!arguments.valid()) return info.Env().Undefined();
  return Napi::String::New(info.Env(), WatchAndName(info.Env(), id, owner_pid));
}

Napi::Value JsCloseWaiter(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Waiters::Id id = ReadId(&arguments);
  if (!arguments.valid()) return info.Env().Undefined();
  Environment& environment = Environment::Of(info.Env());
  environment.waiters.Close(id, &environment.wake_dispatcher);
  return info.Env().Undefined();
}

}  // namespace

Waiter::Waiter(LockContender contender, Napi::Function wake)
    : contender_(std::move(contender)), wake_(Napi::Persistent(wake)) {}

// Does not access any member after the call, because the JavaScript function may close this waiter.
void Waiter::Wake() {
  Napi::Function wake = wake_.Value();
  if (!wake.IsEmpty()) (void)wake.Call({});
}

Waiters::Id Waiters::Insert(std::unique_ptr<Waiter> waiter, WakeDispatcher* wake_dispatcher) {
  Id id = wake_dispatcher->Register(waiter.get());
  waiters_[id] = std::move(waiter);
  return id;
}

Waiter* Waiters::Find(Id id) {
  auto found = waiters_.find(id);
  return found == waiters_.end() ? nullptr : found->second.get();
}

void Waiters::Close(Id id, WakeDispatcher* wake_dispatcher) {
  if (waiters_.erase(id) > 0) wake_dispatcher->Unregister(id);
}

void Waiters::CloseAll(WakeDispatcher* wake_dispatcher) {
  for (auto& [id, waiter] : waiters_) wake_dispatcher->Unregister(id);
  waiters_.clear();
}

void ExportWaiters(Napi::Env env, Napi::Object exports) {
  exports.Set("createWaiter", Napi::Function::New<JsCreateWaiter>(env));
  exports.Set("retry", Napi::Function::New<JsRetry>(env));
  exports.Set("holderRecord", Napi::Function::New<JsHolderRecord>(env));
  exports.Set("watch", Napi::Function::New<JsWatch>(env));
  exports.Set("closeWaiter", Napi::Function::New<JsCloseWaiter>(env));
}

}  // namespace gateway_lock
