#include "listener_handle.h"

#include <climits>
#include <utility>

#include "arguments.h"
#include "js_error.h"

namespace gateway_lock {

Napi::Function ListenerHandle::DefineClass(Napi::Env env) {
  return Napi::ObjectWrap<ListenerHandle>::DefineClass(
      env, "ListenerHandle",
      {InstanceAccessor<&ListenerHandle::Address>("address"),
       InstanceAccessor<&ListenerHandle::Port>("port"),
       InstanceAccessor<&ListenerHandle::Descriptor>("fd"),
       InstanceMethod<&ListenerHandle::Detach>("detach"),
       InstanceMethod<&ListenerHandle::Close>("close")});
}

Napi::Value ListenerHandle::Listen(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  Endpoint endpoint;
  endpoint.address = arguments.Text(0);
  endpoint.port = static_cast<std::uint16_t>(arguments.Integer(1, 0, UINT16_MAX));
  int backlog = static_cast<int>(arguments.Integer(2, 1, INT_MAX));
  if (!arguments.valid()) return env.Undefined();
  Listener listener;
  Status status = Listener::Listen(endpoint, backlog, &listener);
  if (!status.ok()) {
    ThrowForEndpoint(env, status, endpoint);
    return env.Undefined();
  }
  return Environment::Of(env).listener_class.New({Napi::External<Listener>::New(env, &listener)});
}

ListenerHandle::ListenerHandle(const Napi::CallbackInfo& info) : KeptAlive(info) {
  if (!info[0].IsExternal()) {
    Napi::TypeError::New(info.Env(), "a ListenerHandle comes from listen()")
        .ThrowAsJavaScriptException();
    return;
  }
  // The worker was terminated in the middle of this call. What was taken stays with the caller, who
  // lets it go.
  if (IsEmpty()) return;
  listener_ = std::move(*info[0].As<Napi::External<Listener>>().Data());
  Keep(info);
}

void ListenerHandle::CloseNow() { CloseOnce(); }

Napi::Value ListenerHandle::Address(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), listener_.endpoint().address);
}

Napi::Value ListenerHandle::Port(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), listener_.endpoint().port);
}

// -1 once it is closed or detached.
Napi::Value ListenerHandle::Descriptor(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(listener_.handle()));
}

Napi::Value ListenerHandle::Detach(const Napi::CallbackInfo& info) {
  if (listener_.open()) {
    listener_.Detach();
    Forget();
  }
  return info.Env().Undefined();
}

// A handle that a server was given and has closed in a failed listen() is not closed a second time:
// by then its number may be another file.
void ListenerHandle::CloseOnce() {
  if (listener_.OwnsHandle()) {
    listener_.Close();
  } else {
    listener_.Detach();
  }
}

Napi::Value ListenerHandle::Close(const Napi::CallbackInfo& info) {
  if (!listener_.open()) return info.Env().Undefined();
  CloseOnce();
  Forget();
  return info.Env().Undefined();
}

}  // namespace gateway_lock
