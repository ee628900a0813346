// The base of the two handle classes: an object that keeps itself alive while it owns something.
//
// Garbage collection must never release a lock or give a port away. (In a naive addon it does,
// about 100 ms after the last use in Bun.) What is kept alive is let go by the program, or when its
// environment ends.
#pragma once

#include <napi.h>

#include "environment.h"

namespace gateway_lock {

// T has a `static constexpr napi_type_tag kTag`.
template <typename T>
class KeptAlive : public Napi::ObjectWrap<T>, public LiveHandle {
 public:
  // Called for each member with its `this`. node-addon-api checks only that something is wrapped
  // there, so a member of one class would take an object of another for its own.
  static T* Unwrap(Napi::Object self) {
    if (self.IsObject() && self.CheckTypeTag(&T::kTag)) return Napi::ObjectWrap<T>::Unwrap(self);
    Napi::TypeError::New(self.Env(), "Illegal invocation").ThrowAsJavaScriptException();
    return nullptr;
  }

 protected:
  void Keep(const Napi::CallbackInfo& info) {
    info.This().As<Napi::Object>().TypeTag(&T::kTag);
    Environment::Of(info.Env()).live.insert(this);
    this->Ref();
  }

  void Forget() {
    Environment::Of(this->Env()).live.erase(this);
    this->Unref();
  }

 private:
  friend T;
  explicit KeptAlive(const Napi::CallbackInfo& info) : Napi::ObjectWrap<T>(info) {}
};

}  // namespace gateway_lock
