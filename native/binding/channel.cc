#include "channel.h"

#include <climits>

#include "arguments.h"
#include "custody_channel.h"
#include "js_error.h"

namespace gateway_lock {
namespace {

// Returns the descriptors of both ends, which the caller then owns.
Napi::Value JsSocketPair(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  SocketPair pair;
  Status status = OpenSocketPair(&pair);
  if (!status.ok()) {
    ThrowFor(env, status);
    return env.Undefined();
  }
  Napi::Array ends = Napi::Array::New(env, 2);
  ends.Set(0u, static_cast<double>(pair.first.Take()));
  ends.Set(1u, static_cast<double>(pair.second.Take()));
  return ends;
}

Napi::Value JsTakeToken(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  auto socket = static_cast<NativeHandle>(arguments.Integer(0, 0, INT_MAX));
  if (!arguments.valid()) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), TakeToken(socket));
}

Napi::Value JsEndWrites(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  auto socket = static_cast<NativeHandle>(arguments.Integer(0, 0, INT_MAX));
  if (arguments.valid()) EndWrites(socket);
  return info.Env().Undefined();
}

}  // namespace

void ExportChannel(Napi::Env env, Napi::Object exports) {
  exports.Set("socketPair", Napi::Function::New<JsSocketPair>(env));
  exports.Set("takeToken", Napi::Function::New<JsTakeToken>(env));
  exports.Set("endWrites", Napi::Function::New<JsEndWrites>(env));
}

}  // namespace gateway_lock
