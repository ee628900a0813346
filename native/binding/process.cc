#include "process.h"

#include <utility>

#include "arguments.h"
#include "child_job.h"
#include "exec_program.h"
#include "js_error.h"
#include "orphans.h"
#include "process_signal.h"

namespace gateway_lock {
namespace {

constexpr int kLargestSignal = 64;  // SIGRTMAX on Linux

Napi::Value JsExec(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Program program;
  program.path = arguments.Text(0);
  program.arguments = arguments.Texts(1);
  program.environment = arguments.Texts(2);
  program.inherit = arguments.NaturalNumbers(3);
  if (!arguments.valid()) return info.Env().Undefined();
  ThrowForPath(info.Env(), ExecProgram(program), program.path);
  return info.Env().Undefined();
}

Napi::Value JsKillChildrenOnExit(const Napi::CallbackInfo& info) {
  Status status = KillChildrenOnExit();
  if (!status.ok()) ThrowForPath(info.Env(), status, "");
  return info.Env().Undefined();
}

Napi::Value JsSendSignal(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  SignalTarget target;
  target.pid = arguments.Integer(0, 1, INT32_MAX);
  target.start_time = static_cast<std::uint64_t>(arguments.Integer(1, 0, kLargestId));
  int signal = static_cast<int>(arguments.Integer(2, 0, kLargestSignal));
  if (!arguments.valid()) return info.Env().Undefined();
  bool sent = false;
  Status status = SendSignal(target, signal, &sent);
  if (status.ok()) return Napi::Boolean::New(info.Env(), sent);
  ThrowFor(info.Env(), status);
  return info.Env().Undefined();
}

Napi::Value JsReapOrphans(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::vector<std::intptr_t> known = arguments.NaturalNumbers(0);
  if (!arguments.valid()) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), ReapOrphans({known.begin(), known.end()}));
}

}  // namespace

void ExportProcess(Napi::Env env, Napi::Object exports) {
  exports.Set("exec", Napi::Function::New<JsExec>(env));
  exports.Set("killChildrenOnExit", Napi::Function::New<JsKillChildrenOnExit>(env));
  exports.Set("sendSignal", Napi::Function::New<JsSendSignal>(env));
  exports.Set("reapOrphans", Napi::Function::New<JsReapOrphans>(env));
}

}  // namespace gateway_lock
