#include "held_listeners.h"

#include <climits>
#include <utility>

#include "arguments.h"
#include "environment.h"
#include "js_error.h"

namespace gateway_lock {
namespace {

HeldListeners& ListenersOf(Napi::Env env) { return Environment::Of(env).listeners; }

Napi::Value ToJsId(Napi::Env env, Listener listener) {
  return Napi::Number::New(env, static_cast<double>(ListenersOf(env).Insert(std::move(listener))));
}

template <Status (*listen)(const Endpoint&, int, Listener*)>
Napi::Value JsListen(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  Endpoint endpoint;
  endpoint.address = arguments.Text(0);
  endpoint.port = static_cast<std::uint16_t>(arguments.Integer(1, 0, UINT16_MAX));
  int backlog = static_cast<int>(arguments.Integer(2, 1, INT_MAX));
  if (!arguments.valid()) return env.Undefined();
  Listener listener;
  Status status = listen(endpoint, backlog, &listener);
  if (!status.ok()) {
    ThrowForEndpoint(env, status, endpoint);
    return env.Undefined();
  }
  return ToJsId(env, std::move(listener));
}

const char* NameOf(Listener::Adoption refusal) {
  switch (refusal) {
    case Listener::Adoption::kClosed:
      return "closed";
    case Listener::Adoption::kNotListening:
      return "not-listening";
    case Listener::Adoption::kOtherAddress:
    case Listener::Adoption::kAdopted:
      break;
  }
  return "other-address";
}

Napi::Value JsAdoptListener(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  auto socket = static_cast<NativeHandle>(arguments.Integer(0, 0, INT_MAX));
  Endpoint endpoint;
  endpoint.address = arguments.Text(1);
  endpoint.port = static_cast<std::uint16_t>(arguments.Integer(2, 0, UINT16_MAX));
  if (!arguments.valid()) return env.Undefined();
  Listener listener;
  Listener::Adoption adoption = Listener::Adoption::kClosed;
  Status status = Listener::AdoptInherited(socket, endpoint, &listener, &adoption);
  if (!status.ok()) {
    ThrowForEndpoint(env, status, endpoint);
    return env.Undefined();
  }
  bool adopted = adoption == Listener::Adoption::kAdopted;
  if (!adopted) return Napi::String::New(env, NameOf(adoption));
  return ToJsId(env, std::move(listener));
}

Napi::Value JsCopyListener(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  auto socket = static_cast<NativeHandle>(arguments.Integer(0, 0, INT_MAX));
  if (!arguments.valid()) return env.Undefined();
  Listener listener;
  Status status = Listener::Copy(socket, &listener);
  if (status.ok()) return ToJsId(env, std::move(listener));
  ThrowFor(env, status);
  return env.Undefined();
}

// Calls `use` with the listener id, which is argument 0 of the JavaScript call.
template <Napi::Value (*use)(Napi::Env, HeldListeners&, HeldListeners::Id)>
Napi::Value WithListener(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  HeldListeners::Id id = arguments.Integer(0, 0, kLargestId);
  if (!arguments.valid()) return info.Env().Undefined();
  return use(info.Env(), ListenersOf(info.Env()), id);
}

Napi::Value AddressOf(Napi::Env env, HeldListeners& listeners, HeldListeners::Id id) {
  return Napi::String::New(env, listeners.Find(id).endpoint().address);
}

Napi::Value PortOf(Napi::Env env, HeldListeners& listeners, HeldListeners::Id id) {
  return Napi::Number::New(env, listeners.Find(id).endpoint().port);
}

Napi::Value SocketOf(Napi::Env env, HeldListeners& listeners, HeldListeners::Id id) {
  return Napi::Number::New(env, static_cast<double>(listeners.Find(id).handle()));
}

Napi::Value Lend(Napi::Env env, HeldListeners& listeners, HeldListeners::Id id) {
  return Napi::Number::New(env, static_cast<double>(listeners.Find(id).Lend()));
}

Napi::Value Detach(Napi::Env env, HeldListeners& listeners, HeldListeners::Id id) {
  listeners.Detach(id);
  return env.Undefined();
}

Napi::Value Close(Napi::Env env, HeldListeners& listeners, HeldListeners::Id id) {
  listeners.Close(id);
  return env.Undefined();
}

// Calls a method of the listener that returns a status. For a closed listener it throws EBADF.
template <Status (Listener::*method)()>
Napi::Value Call(Napi::Env env, HeldListeners& listeners, HeldListeners::Id id) {
  Status status = (listeners.Find(id).*method)();
  if (!status.ok()) ThrowFor(env, status);
  return env.Undefined();
}

// Closes the handle only if the listener still owns it. A Node server that was given the handle
// closes it if listen() fails, and another file may then get the same descriptor number.
void CloseOnce(Listener* listener) {
  if (listener->OwnsHandle()) {
    listener->Close();
  } else {
    listener->Detach();
  }
}

}  // namespace

HeldListeners::Id HeldListeners::Insert(Listener listener) {
  held_[++last_] = std::move(listener);
  return last_;
}

Listener& HeldListeners::Find(Id id) {
  auto found = held_.find(id);
  return found == held_.end() ? none_ : found->second;
}

void HeldListeners::Detach(Id id) {
  Find(id).Detach();
  held_.erase(id);
}

void HeldListeners::Close(Id id) {
  CloseOnce(&Find(id));
  held_.erase(id);
}

void HeldListeners::CloseAll() {
  for (auto& [id, listener] : held_) CloseOnce(&listener);
  held_.clear();
}

void ExportListeners(Napi::Env env, Napi::Object exports) {
  exports.Set("listen", Napi::Function::New<JsListen<Listener::Listen>>(env));
  exports.Set("listenBeside", Napi::Function::New<JsListen<Listener::ListenBeside>>(env));
  exports.Set("adoptListener", Napi::Function::New<JsAdoptListener>(env));
  exports.Set("copyListener", Napi::Function::New<JsCopyListener>(env));
  exports.Set("shutdownListener",
              Napi::Function::New<WithListener<Call<&Listener::Shutdown>>>(env));
  exports.Set("setBlocking", Napi::Function::New<WithListener<Call<&Listener::SetBlocking>>>(env));
  exports.Set("addressOf", Napi::Function::New<WithListener<AddressOf>>(env));
  exports.Set("portOf", Napi::Function::New<WithListener<PortOf>>(env));
  exports.Set("socketOf", Napi::Function::New<WithListener<SocketOf>>(env));
  exports.Set("lendListener", Napi::Function::New<WithListener<Lend>>(env));
  exports.Set("recallListener", Napi::Function::New<WithListener<Call<&Listener::Recall>>>(env));
  exports.Set("detachListener", Napi::Function::New<WithListener<Detach>>(env));
  exports.Set("closeListener", Napi::Function::New<WithListener<Close>>(env));
}

}  // namespace gateway_lock
