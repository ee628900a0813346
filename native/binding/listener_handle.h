// The JavaScript object that owns one Listener.
#pragma once

#include <napi.h>

#include "kept_alive.h"
#include "listener.h"

namespace gateway_lock {

class ListenerHandle : public KeptAlive<ListenerHandle> {
 public:
  static constexpr napi_type_tag kTag = {0xf8f01ede1a25e199, 0xfecfb9c50c8df6ba};

  static Napi::Function DefineClass(Napi::Env env);
  static Napi::Value Listen(const Napi::CallbackInfo& info);

  explicit ListenerHandle(const Napi::CallbackInfo& info);
  ~ListenerHandle() override = default;
  void CloseNow() override;

 private:
  Napi::Value Address(const Napi::CallbackInfo& info);
  Napi::Value Port(const Napi::CallbackInfo& info);
  Napi::Value Descriptor(const Napi::CallbackInfo& info);
  Napi::Value Detach(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  void CloseOnce();

  Listener listener_;
};

}  // namespace gateway_lock
