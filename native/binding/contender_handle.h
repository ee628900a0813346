// The JavaScript object that owns one LockContender, and wakes it.
#pragma once

#include <napi.h>

#include "kept_alive.h"
#include "lock_contender.h"
#include "wake_ups.h"

namespace gateway_lock {

class ContenderHandle : public KeptAlive<ContenderHandle>, private Sleeper {
 public:
  static constexpr napi_type_tag kTag = {0x2d1f0f6bb0a64e5d, 0x9a4c6c1f7be03a87};

  static Napi::Function DefineClass(Napi::Env env);
  static Napi::Value Contend(const Napi::CallbackInfo& info);

  explicit ContenderHandle(const Napi::CallbackInfo& info);
  ~ContenderHandle() override = default;
  void CloseNow() override;

 private:
  Napi::Value Try(const Napi::CallbackInfo& info);
  Napi::Value ReadRecord(const Napi::CallbackInfo& info);
  Napi::Value Watch(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  const char* WatchedName(Napi::Env env, std::int64_t owner_pid);
  void Wake() override;

  LockContender contender_;
  Napi::FunctionReference wake_;
  WakeUps::Token token_ = 0;  // 0 once closed
};

}  // namespace gateway_lock
