// The JavaScript object that owns one FileLock. While the lock is held the object keeps itself
// alive: garbage collection must never release a lock. (It did, about 100 ms after the last use, in
// Bun.)
#pragma once

#include <napi.h>

#include "environment.h"
#include "file_lock.h"

namespace gateway_lock {

class LockHandle : public Napi::ObjectWrap<LockHandle>, public LiveHandle {
 public:
  static Napi::Function DefineClass(Napi::Env env);
  static Napi::Value TryAcquire(const Napi::CallbackInfo& info);

  explicit LockHandle(const Napi::CallbackInfo& info);
  ~LockHandle() override = default;
  void CloseNow() override;

 private:
  Napi::Value Held(const Napi::CallbackInfo& info);
  Napi::Value Created(const Napi::CallbackInfo& info);
  Napi::Value StrengthName(const Napi::CallbackInfo& info);
  Napi::Value ReadRecord(const Napi::CallbackInfo& info);
  Napi::Value WriteRecord(const Napi::CallbackInfo& info);
  Napi::Value NamesThisFile(const Napi::CallbackInfo& info);
  Napi::Value Release(const Napi::CallbackInfo& info);
  Napi::Value Abandon(const Napi::CallbackInfo& info);
  void Forget();

  FileLock lock_;
  std::string path_;
};

}  // namespace gateway_lock
