#include "held_locks.h"

#include <cerrno>
#include <climits>
#include <utility>

#include "arguments.h"
#include "environment.h"
#include "js_error.h"
#include "lock_contender.h"
#include "lock_flags.h"

namespace gateway_lock {
namespace {

HeldLocks& LocksOf(Napi::Env env) { return Environment::Of(env).locks; }

Napi::Value JsTryAcquire(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::string path = arguments.Text(0);
  std::int64_t flags = arguments.Integer(1, 0, kAllLockFlags);
  if (!arguments.valid()) return info.Env().Undefined();
  FileLock lock;
  std::string holder_record;
  Status status = FileLock::TryAcquire(
      path, OptionsOf(flags), &Environment::Of(info.Env()).file_systems, &lock, &holder_record);
  return ToJsResult(info.Env(), status, {&lock, path, holder_record});
}

// Returns the reason why a descriptor was not adopted, or nullptr for any other status.
const char* RefusalOf(const Status& status) {
  if (status.contended()) return "held";
  if (status.kind == StatusKind::kReplaced) return "other-file";
  return status.kind == StatusKind::kSystemError && status.sys_code == EBADF ? "closed" : nullptr;
}

Napi::Value JsAdoptLock(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::string path = arguments.Text(0);
  std::int64_t descriptor = arguments.Integer(1, 0, INT_MAX);
  std::int64_t flags = arguments.Integer(2, 0, kAllLockFlags);
  if (!arguments.valid()) return info.Env().Undefined();
  FileLock lock;
  LockContender contender(path, OptionsOf(flags));
  Status status = contender.Adopt(static_cast<NativeHandle>(descriptor),
                                  &Environment::Of(info.Env()).file_systems, &lock);
  const char* refusal = RefusalOf(status);
  if (refusal != nullptr) return Napi::String::New(info.Env(), refusal);
  return ToJsResult(info.Env(), status, {&lock, path, ""});
}

const char* NameOf(Strength strength) {
  switch (strength) {
    case Strength::kLocal:
      return "local";
    case Strength::kRemote:
      return "remote";
    case Strength::kWeak:
      break;
  }
  return "weak";
}

// Calls `use` with the lock whose id is argument 0 of the JavaScript call.
template <Napi::Value (*use)(const Napi::CallbackInfo&, FileLock&)>
Napi::Value WithLock(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  HeldLocks::Id id = arguments.Integer(0, 0, kLargestId);
  if (!arguments.valid()) return info.Env().Undefined();
  return use(info, LocksOf(info.Env()).Find(id));
}

Napi::Value IsHeld(const Napi::CallbackInfo& info, FileLock& lock) {
  return Napi::Boolean::New(info.Env(), lock.held());
}

Napi::Value IsBlank(const Napi::CallbackInfo& info, FileLock& lock) {
  return Napi::Boolean::New(info.Env(), lock.size() == 0);
}

Napi::Value DescriptorOf(const Napi::CallbackInfo& info, FileLock& lock) {
  return Napi::Number::New(info.Env(), static_cast<double>(lock.handle()));
}

Napi::Value StrengthOf(const Napi::CallbackInfo& info, FileLock& lock) {
  return Napi::String::New(info.Env(), NameOf(lock.strength()));
}

Napi::Value IsFileInPlace(const Napi::CallbackInfo& info, FileLock& lock) {
  return Napi::Boolean::New(info.Env(), lock.IsFileInPlace());
}

Napi::Value ReadContent(const Napi::CallbackInfo& info, FileLock& lock) {
  std::string text;
  Status status = lock.ReadRecord(&text);
  if (!status.ok()) {
    ThrowForPath(info.Env(), status, lock.path());
    return info.Env().Undefined();
  }
  return ToJsContent(info.Env(), text, lock.size(), lock.has_other_names());
}

Napi::Value WriteRecord(const Napi::CallbackInfo& info, FileLock& lock) {
  Arguments arguments(info);
  std::string record = arguments.Text(1);
  if (!arguments.valid()) return info.Env().Undefined();
  Status status = lock.WriteRecord(record);
  if (!status.ok()) ThrowForPath(info.Env(), status, lock.path());
  return info.Env().Undefined();
}

// Returns argument 0, which WithLock() has already checked, as an id. Does not call ToNumber(),
// which can run JavaScript and therefore fails in a worker that is being terminated. Using its
// result would then end the process.
HeldLocks::Id IdOf(const Napi::CallbackInfo& info) {
  return info[0].As<Napi::Number>().Int64Value();
}

Napi::Value HandOver(const Napi::CallbackInfo& info, FileLock&) {
  LocksOf(info.Env()).HandOver(IdOf(info));
  return info.Env().Undefined();
}

Napi::Value Release(const Napi::CallbackInfo& info, FileLock& lock) {
  bool was_held = lock.held();
  Status status = lock.Release();
  if (!status.ok()) ThrowForPath(info.Env(), status, lock.path());
  LocksOf(info.Env()).Erase(IdOf(info));
  return Napi::Boolean::New(info.Env(), was_held);
}

// Ignores the status of Undo(), because a file that cannot be removed blocks nobody, and the failed
// attempt already has an error to report.
Napi::Value Undo(const Napi::CallbackInfo& info, FileLock& lock) {
  (void)lock.Undo();
  LocksOf(info.Env()).Erase(IdOf(info));
  return info.Env().Undefined();
}

Napi::Value Unlock(const Napi::CallbackInfo& info, FileLock& lock) {
  lock.Unlock();
  LocksOf(info.Env()).Erase(IdOf(info));
  return info.Env().Undefined();
}

Napi::Value Relock(const Napi::CallbackInfo& info, FileLock& lock) {
  if (!lock.held()) return Napi::Boolean::New(info.Env(), false);
  Status status = lock.Relock();
  bool lost = status.contended() || status.kind == StatusKind::kReplaced;
  if (status.ok() || lost) return Napi::Boolean::New(info.Env(), status.ok());
  ThrowForPath(info.Env(), status, lock.path());
  return info.Env().Undefined();
}

Napi::Value Leave(const Napi::CallbackInfo& info, FileLock& lock) {
  lock.Leave();
  LocksOf(info.Env()).Erase(IdOf(info));
  return info.Env().Undefined();
}

}  // namespace

HeldLocks::Id HeldLocks::Insert(FileLock lock) {
  held_[++last_].lock = std::move(lock);
  return last_;
}

FileLock& HeldLocks::Find(Id id) {
  auto found = held_.find(id);
  return found == held_.end() ? none_ : found->second.lock;
}

void HeldLocks::HandOver(Id id) {
  auto found = held_.find(id);
  if (found != held_.end()) found->second.handed_over = true;
}

void HeldLocks::ReleaseAll() {
  for (auto& [id, held] : held_) {
    // Release() would also drop the lock of the program that inherited the descriptor.
    if (held.handed_over) {
      held.lock.Leave();
    } else {
      (void)held.lock.Release();
    }
  }
  held_.clear();
}

Napi::Object ToJsContent(Napi::Env env, const std::string& text, std::uint64_t size,
                         bool has_other_names) {
  Napi::Object content = Napi::Object::New(env);
  content.Set("text", text);
  content.Set("size", static_cast<double>(size));
  content.Set("hasOtherNames", has_other_names);
  return content;
}

Napi::Value ToJsResult(Napi::Env env, const Status& status, const AttemptResult& result) {
  if (status.contended()) return Napi::String::New(env, result.holder_record);
  if (!status.ok()) {
    ThrowForPath(env, status, result.path);
    return env.Undefined();
  }
  HeldLocks::Id id = LocksOf(env).Insert(std::move(*result.lock));
  return Napi::Number::New(env, static_cast<double>(id));
}

void ExportLocks(Napi::Env env, Napi::Object exports) {
  exports.Set("tryAcquire", Napi::Function::New<JsTryAcquire>(env));
  exports.Set("adoptLock", Napi::Function::New<JsAdoptLock>(env));
  exports.Set("isHeld", Napi::Function::New<WithLock<IsHeld>>(env));
  exports.Set("isBlank", Napi::Function::New<WithLock<IsBlank>>(env));
  exports.Set("descriptorOf", Napi::Function::New<WithLock<DescriptorOf>>(env));
  exports.Set("strengthOf", Napi::Function::New<WithLock<StrengthOf>>(env));
  exports.Set("isFileInPlace", Napi::Function::New<WithLock<IsFileInPlace>>(env));
  exports.Set("readContent", Napi::Function::New<WithLock<ReadContent>>(env));
  exports.Set("writeRecord", Napi::Function::New<WithLock<WriteRecord>>(env));
  exports.Set("handOver", Napi::Function::New<WithLock<HandOver>>(env));
  exports.Set("release", Napi::Function::New<WithLock<Release>>(env));
  exports.Set("undo", Napi::Function::New<WithLock<Undo>>(env));
  exports.Set("unlock", Napi::Function::New<WithLock<Unlock>>(env));
  exports.Set("relock", Napi::Function::New<WithLock<Relock>>(env));
  exports.Set("leaveLock", Napi::Function::New<WithLock<Leave>>(env));
}

}  // namespace gateway_lock
