#include "notify_sockets.h"

#include <utility>

#include "arguments.h"
#include "environment.h"
#include "js_error.h"

namespace gateway_lock {
namespace {

NotifySockets& SocketsOf(Napi::Env env) { return Environment::Of(env).notify_sockets; }

Napi::Value JsNotify(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::string address = arguments.Text(0);
  std::string state = arguments.Text(1);
  if (!arguments.valid()) return info.Env().Undefined();
  Status status = Notify(address, state);
  if (!status.ok()) ThrowForPath(info.Env(), status, address);
  return info.Env().Undefined();
}

Napi::Value JsOpen(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  std::string address = arguments.Text(0);
  if (!arguments.valid()) return env.Undefined();
  auto socket = std::make_unique<NotifySocket>();
  Status status = socket->Open(address);
  if (!status.ok()) {
    ThrowForPath(env, status, address);
    return env.Undefined();
  }
  NotifySockets::Id id = SocketsOf(env).Insert(std::move(socket));
  return Napi::Number::New(env, static_cast<double>(id));
}

Napi::Value JsRead(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  NotifySockets::Id id = arguments.Integer(0, 0, kLargestId);
  if (!arguments.valid()) return env.Undefined();
  NotifySocket* socket = SocketsOf(env).Find(id);
  std::string state;
  Status status = socket == nullptr ? Status::Contended() : socket->Read(&state);
  if (status.ok()) return Napi::String::New(env, state);
  if (!status.contended()) ThrowFor(env, status);
  return env.Null();
}

Napi::Value JsClose(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  NotifySockets::Id id = arguments.Integer(0, 0, kLargestId);
  if (!arguments.valid()) return info.Env().Undefined();
  SocketsOf(info.Env()).Close(id);
  return info.Env().Undefined();
}

}  // namespace

NotifySockets::Id NotifySockets::Insert(std::unique_ptr<NotifySocket> socket) {
  open_[++last_] = std::move(socket);
  return last_;
}

NotifySocket* NotifySockets::Find(Id id) {
  auto found = open_.find(id);
  return found == open_.end() ? nullptr : found->second.get();
}

void ExportNotifySockets(Napi::Env env, Napi::Object exports) {
  exports.Set("notify", Napi::Function::New<JsNotify>(env));
  exports.Set("openNotifySocket", Napi::Function::New<JsOpen>(env));
  exports.Set("readNotification", Napi::Function::New<JsRead>(env));
  exports.Set("closeNotifySocket", Napi::Function::New<JsClose>(env));
}

}  // namespace gateway_lock
