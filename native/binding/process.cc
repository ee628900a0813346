#include "process.h"

#include <utility>

#include "arguments.h"
#include "child_job.h"
#include "exec_program.h"
#include "js_error.h"

namespace gateway_lock {
namespace {

Napi::Value JsExec(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Program program;
  program.path = arguments.Text(0);
  program.arguments = arguments.Texts(1);
  program.environment = arguments.Texts(2);
  program.inherit = arguments.Descriptors(3);
  if (!arguments.valid()) return info.Env().Undefined();
  ThrowForPath(info.Env(), ExecProgram(program), program.path);
  return info.Env().Undefined();
}

Napi::Value JsKillChildrenOnExit(const Napi::CallbackInfo& info) {
  Status status = KillChildrenOnExit();
  if (!status.ok()) ThrowForPath(info.Env(), status, "");
  return info.Env().Undefined();
}

}  // namespace

void ExportProcess(Napi::Env env, Napi::Object exports) {
  exports.Set("exec", Napi::Function::New<JsExec>(env));
  exports.Set("killChildrenOnExit", Napi::Function::New<JsKillChildrenOnExit>(env));
}

}  // namespace gateway_lock
