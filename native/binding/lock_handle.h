// The JavaScript object that owns one FileLock.
#pragma once

#include <napi.h>

#include "file_lock.h"
#include "kept_alive.h"

namespace gateway_lock {

class LockHandle : public KeptAlive<LockHandle> {
 public:
  static constexpr napi_type_tag kTag = {0x938b97219282715c, 0x29120bdb4de3c2e7};

  static Napi::Function DefineClass(Napi::Env env);
  static Napi::Value TryAcquire(const Napi::CallbackInfo& info);
  // What a try came to: the object, or as a string what the file says of the one who holds the
  // lock, or an exception.
  struct Outcome {
    FileLock* lock;
    const std::string& path;
    const std::string& holder_record;
  };
  static Napi::Value From(Napi::Env env, const Status& status, const Outcome& outcome);

  explicit LockHandle(const Napi::CallbackInfo& info);
  ~LockHandle() override = default;
  void CloseNow() override;

 private:
  Napi::Value Held(const Napi::CallbackInfo& info);
  Napi::Value Created(const Napi::CallbackInfo& info);
  Napi::Value Descriptor(const Napi::CallbackInfo& info);
  Napi::Value StrengthName(const Napi::CallbackInfo& info);
  Napi::Value ReadRecord(const Napi::CallbackInfo& info);
  Napi::Value WriteRecord(const Napi::CallbackInfo& info);
  Napi::Value NamesThisFile(const Napi::CallbackInfo& info);
  Napi::Value HandOver(const Napi::CallbackInfo& info);
  Napi::Value Release(const Napi::CallbackInfo& info);
  Napi::Value Abandon(const Napi::CallbackInfo& info);

  FileLock lock_;
  bool handed_over_ = false;
};

}  // namespace gateway_lock
