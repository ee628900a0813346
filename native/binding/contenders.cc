#include "contenders.h"

#include <utility>

#include "arguments.h"
#include "environment.h"
#include "held_locks.h"
#include "js_error.h"
#include "lock_flags.h"

namespace gateway_lock {
namespace {

Napi::Value JsContend(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  std::string path = arguments.Text(0);
  std::int64_t flags = arguments.Integer(1, 0, kAllLockFlags);
  Napi::Function wake = arguments.Function(2);
  if (!arguments.valid()) return env.Undefined();
  auto contender = std::make_unique<Contender>(LockContender(path, OptionsOf(flags)), wake);
  Environment& environment = Environment::Of(env);
  Contenders::Id id = environment.contenders.Keep(std::move(contender), &environment.wake_ups);
  return Napi::Number::New(env, static_cast<double>(id));
}

// Argument 0 of every other call.
Contenders::Id ReadId(Arguments* arguments) {
  return static_cast<Contenders::Id>(arguments->Integer(0, 0, kLargestId));
}

Contender* Find(const Napi::CallbackInfo& info, Contenders::Id id) {
  return Environment::Of(info.Env()).contenders.Find(id);
}

// What it takes is the environment's; this one may go on, for that lock may have to be given back.
Napi::Value JsTryAgain(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Contenders::Id id = ReadId(&arguments);
  if (!arguments.valid()) return info.Env().Undefined();
  FileLock lock;
  std::string path;
  std::string holder_record;
  Status status = Status::Contended();
  if (Contender* contender = Find(info, id)) {
    path = contender->lock().path();
    status = contender->lock().Try(&Environment::Of(info.Env()).file_systems, &lock);
    if (status.contended()) (void)contender->lock().ReadRecord(&holder_record);
  }
  return BringHome(info.Env(), status, {&lock, path, holder_record});
}

Napi::Value JsRefusedRecord(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Contenders::Id id = ReadId(&arguments);
  if (!arguments.valid()) return info.Env().Undefined();
  std::string record;
  if (Contender* contender = Find(info, id)) {
    Status status = contender->lock().ReadRecord(&record);
    if (!status.ok()) ThrowForPath(info.Env(), status, contender->lock().path());
  }
  return Napi::String::New(info.Env(), record);
}

const char* NameOf(Sight sight) {
  switch (sight) {
    case Sight::kOwner:
      return "owner";
    case Sight::kRelease:
      return "release";
    case Sight::kFile:
      break;
  }
  return "file";
}

// Whatever the reason for which nothing can be watched: the caller asks by itself then.
const char* WatchedName(Napi::Env env, Contenders::Id id, std::int64_t owner_pid) {
  Contender* contender = Environment::Of(env).contenders.Find(id);
  ReleaseWatch* watch = contender == nullptr ? nullptr : Environment::Of(env).wake_ups.WatchOf(env);
  if (watch == nullptr) return "nothing";
  Sight sight = Sight::kFile;
  Status status = contender->lock().Watch(watch, id, owner_pid, &sight);
  if (status.kind == StatusKind::kReplaced) return "gone";
  return status.ok() ? NameOf(sight) : "nothing";
}

Napi::Value JsWatch(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Contenders::Id id = ReadId(&arguments);
  std::int64_t owner_pid = arguments.Integer(1, 0, INT32_MAX);
  if (!arguments.valid()) return info.Env().Undefined();
  return Napi::String::New(info.Env(), WatchedName(info.Env(), id, owner_pid));
}

Napi::Value JsCloseContender(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Contenders::Id id = ReadId(&arguments);
  if (!arguments.valid()) return info.Env().Undefined();
  Environment& environment = Environment::Of(info.Env());
  environment.contenders.Close(id, &environment.wake_ups);
  return info.Env().Undefined();
}

}  // namespace

Contender::Contender(LockContender contender, Napi::Function wake)
    : contender_(std::move(contender)), wake_(Napi::Persistent(wake)) {}

// The function may close this contender, so nothing of it is touched after the call.
void Contender::Wake() {
  Napi::Function wake = wake_.Value();
  if (!wake.IsEmpty()) (void)wake.Call({});
}

Contenders::Id Contenders::Keep(std::unique_ptr<Contender> contender, WakeUps* wake_ups) {
  Id id = wake_ups->Enter(contender.get());
  waiting_[id] = std::move(contender);
  return id;
}

Contender* Contenders::Find(Id id) {
  auto found = waiting_.find(id);
  return found == waiting_.end() ? nullptr : found->second.get();
}

void Contenders::Close(Id id, WakeUps* wake_ups) {
  if (waiting_.erase(id) > 0) wake_ups->Leave(id);
}

void Contenders::CloseAll(WakeUps* wake_ups) {
  for (auto& [id, contender] : waiting_) wake_ups->Leave(id);
  waiting_.clear();
}

void ExportContenders(Napi::Env env, Napi::Object exports) {
  exports.Set("contend", Napi::Function::New<JsContend>(env));
  exports.Set("tryAgain", Napi::Function::New<JsTryAgain>(env));
  exports.Set("refusedRecord", Napi::Function::New<JsRefusedRecord>(env));
  exports.Set("watch", Napi::Function::New<JsWatch>(env));
  exports.Set("closeContender", Napi::Function::New<JsCloseContender>(env));
}

}  // namespace gateway_lock
