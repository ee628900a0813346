#include "contender_handle.h"

#include <utility>

#include "arguments.h"
#include "held_locks.h"
#include "js_error.h"

namespace gateway_lock {

Napi::Function ContenderHandle::DefineClass(Napi::Env env) {
  return Napi::ObjectWrap<ContenderHandle>::DefineClass(
      env, "ContenderHandle",
      {InstanceMethod<&ContenderHandle::Try>("try"),
       InstanceMethod<&ContenderHandle::ReadRecord>("readRecord"),
       InstanceMethod<&ContenderHandle::Watch>("watch"),
       InstanceMethod<&ContenderHandle::Close>("close")});
}

Napi::Value ContenderHandle::Contend(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  std::string path = arguments.Text(0);
  LockMode mode = arguments.Flag(1) ? LockMode::kShared : LockMode::kExclusive;
  bool allow_weak = arguments.Flag(2);
  Napi::Function wake = arguments.Function(3);
  if (!arguments.valid()) return env.Undefined();
  LockContender contender(path, mode, allow_weak);
  return Environment::Of(env).contender_class.New(
      {Napi::External<LockContender>::New(env, &contender), wake});
}

ContenderHandle::ContenderHandle(const Napi::CallbackInfo& info) : KeptAlive(info) {
  if (!info[0].IsExternal()) {
    Napi::TypeError::New(info.Env(), "a ContenderHandle comes from contend()")
        .ThrowAsJavaScriptException();
    return;
  }
  // The worker was terminated in the middle of this call.
  if (IsEmpty()) return;
  contender_ = std::move(*info[0].As<Napi::External<LockContender>>().Data());
  wake_ = Napi::Persistent(info[1].As<Napi::Function>());
  token_ = Environment::Of(info.Env()).wake_ups.Enter(this);
  Keep(info);
}

void ContenderHandle::CloseNow() {
  contender_.Close();
  Environment::Of(Env()).wake_ups.Leave(token_);
}

// What it takes is the environment's; this one may go on, for that lock may have to be given back.
Napi::Value ContenderHandle::Try(const Napi::CallbackInfo& info) {
  FileLock lock;
  Status status = contender_.Try(&Environment::Of(info.Env()).file_systems, &lock);
  std::string holder_record;
  if (status.contended()) (void)contender_.ReadRecord(&holder_record);
  return BringHome(info.Env(), status, {&lock, contender_.path(), holder_record});
}

Napi::Value ContenderHandle::ReadRecord(const Napi::CallbackInfo& info) {
  std::string record;
  Status status = contender_.ReadRecord(&record);
  if (!status.ok()) ThrowForPath(info.Env(), status, contender_.path());
  return Napi::String::New(info.Env(), record);
}

Napi::Value ContenderHandle::Watch(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::int64_t owner_pid = arguments.Integer(0, 0, INT32_MAX);
  if (!arguments.valid()) return info.Env().Undefined();
  return Napi::String::New(info.Env(), WatchedName(info.Env(), owner_pid));
}

// Whatever the reason for which nothing can be watched: the caller asks by itself then.
const char* ContenderHandle::WatchedName(Napi::Env env, std::int64_t owner_pid) {
  ReleaseWatch* watch = token_ == 0 ? nullptr : Environment::Of(env).wake_ups.WatchOf(env);
  if (watch == nullptr) return "nothing";
  Sight sight = Sight::kFile;
  Status status = contender_.Watch(watch, token_, owner_pid, &sight);
  if (status.kind == StatusKind::kReplaced) return "gone";
  if (!status.ok()) return "nothing";
  return sight == Sight::kOwner ? "owner" : "file";
}

Napi::Value ContenderHandle::Close(const Napi::CallbackInfo& info) {
  if (token_ == 0) return info.Env().Undefined();
  CloseNow();
  token_ = 0;
  wake_.Reset();
  Forget();
  return info.Env().Undefined();
}

void ContenderHandle::Wake() { (void)wake_.Call({}); }

}  // namespace gateway_lock
