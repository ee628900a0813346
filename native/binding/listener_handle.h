// The JavaScript object that owns one Listener. Like a LockHandle it keeps itself alive while it is
// open: a collected object must not give the port away.
#pragma once

#include <napi.h>

#include "environment.h"
#include "listener.h"

namespace gateway_lock {

class ListenerHandle : public Napi::ObjectWrap<ListenerHandle>, public LiveHandle {
 public:
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
  void Forget();

  Listener listener_;
};

}  // namespace gateway_lock
