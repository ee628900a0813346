#include "lock_handle.h"

#include <utility>

#include "arguments.h"
#include "js_error.h"

namespace gateway_lock {
Napi::Function LockHandle::DefineClass(Napi::Env env) {
  return Napi::ObjectWrap<LockHandle>::DefineClass(
      env, "LockHandle",
      {InstanceAccessor<&LockHandle::Held>("held"),
       InstanceAccessor<&LockHandle::Created>("created"),
       InstanceAccessor<&LockHandle::Descriptor>("fd"),
       InstanceAccessor<&LockHandle::StrengthName>("strength"),
       InstanceMethod<&LockHandle::ReadRecord>("readRecord"),
       InstanceMethod<&LockHandle::WriteRecord>("writeRecord"),
       InstanceMethod<&LockHandle::NamesThisFile>("namesThisFile"),
       InstanceMethod<&LockHandle::HandOver>("handOver"),
       InstanceMethod<&LockHandle::Release>("release"),
       InstanceMethod<&LockHandle::Abandon>("abandon")});
}

Napi::Value LockHandle::TryAcquire(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::string path = arguments.Text(0);
  LockMode mode = arguments.Flag(1) ? LockMode::kShared : LockMode::kExclusive;
  bool allow_weak = arguments.Flag(2);
  if (!arguments.valid()) return info.Env().Undefined();
  FileLock lock;
  std::string holder_record;
  Status status = FileLock::TryAcquire(
      path, mode, allow_weak, &Environment::Of(info.Env()).file_systems, &lock, &holder_record);
  return From(info.Env(), status, {&lock, path, holder_record});
}

Napi::Value LockHandle::From(Napi::Env env, const Status& status, const Outcome& outcome) {
  if (status.contended()) return Napi::String::New(env, outcome.holder_record);
  if (!status.ok()) {
    ThrowForPath(env, status, outcome.path);
    return env.Undefined();
  }
  return Environment::Of(env).lock_class.New({Napi::External<FileLock>::New(env, outcome.lock)});
}

LockHandle::LockHandle(const Napi::CallbackInfo& info) : KeptAlive(info) {
  if (!info[0].IsExternal()) {
    Napi::TypeError::New(info.Env(), "a LockHandle comes from tryAcquire()")
        .ThrowAsJavaScriptException();
    return;
  }
  // The worker was terminated in the middle of this call. What was taken stays with the caller, who
  // lets it go.
  if (IsEmpty()) return;
  lock_ = std::move(*info[0].As<Napi::External<FileLock>>().Data());
  Keep(info);
}

// Release() would end it for the heir, too.
void LockHandle::CloseNow() {
  if (handed_over_) {
    lock_.Leave();
  } else {
    (void)lock_.Release();
  }
}

Napi::Value LockHandle::Held(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), lock_.held());
}

Napi::Value LockHandle::Created(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), lock_.created());
}

// -1 once it is released.
Napi::Value LockHandle::Descriptor(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(lock_.handle()));
}

Napi::Value LockHandle::StrengthName(const Napi::CallbackInfo& info) {
  switch (lock_.strength()) {
    case Strength::kKernel:
      return Napi::String::New(info.Env(), "kernel");
    case Strength::kRemote:
      return Napi::String::New(info.Env(), "remote");
    case Strength::kWeak:
      break;
  }
  return Napi::String::New(info.Env(), "weak");
}

Napi::Value LockHandle::ReadRecord(const Napi::CallbackInfo& info) {
  std::string record;
  Status status = lock_.ReadRecord(&record);
  if (!status.ok()) ThrowForPath(info.Env(), status, lock_.path());
  return Napi::String::New(info.Env(), record);
}

Napi::Value LockHandle::WriteRecord(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::string record = arguments.Text(0);
  if (!arguments.valid()) return info.Env().Undefined();
  Status status = lock_.WriteRecord(record);
  if (!status.ok()) ThrowForPath(info.Env(), status, lock_.path());
  return info.Env().Undefined();
}

Napi::Value LockHandle::NamesThisFile(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), lock_.NamesThisFile());
}

Napi::Value LockHandle::HandOver(const Napi::CallbackInfo& info) {
  handed_over_ = true;
  return info.Env().Undefined();
}

Napi::Value LockHandle::Release(const Napi::CallbackInfo& info) {
  if (!lock_.held()) return info.Env().Undefined();
  Status status = lock_.Release();
  if (status.ok()) {
    Forget();
  } else {
    ThrowForPath(info.Env(), status, lock_.path());
  }
  return info.Env().Undefined();
}

Napi::Value LockHandle::Abandon(const Napi::CallbackInfo& info) {
  if (!lock_.held()) return info.Env().Undefined();
  lock_.Abandon();
  Forget();
  return info.Env().Undefined();
}

}  // namespace gateway_lock
