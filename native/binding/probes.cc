#include "probes.h"

#include "arguments.h"
#include "boot_clock.h"
#include "held_locks.h"
#include "js_error.h"
#include "lock_flags.h"
#include "lock_holders.h"
#include "lock_path_check.h"
#include "lock_probe.h"
#include "port_owner.h"
#include "port_probe.h"
#include "process_identity.h"
#include "second_view.h"
#include "sqlite_lock.h"

namespace gateway_lock {
namespace {

Endpoint ReadEndpoint(Arguments* arguments) {
  Endpoint endpoint;
  endpoint.address = arguments->Text(0);
  endpoint.port = static_cast<std::uint16_t>(arguments->Integer(1, 0, UINT16_MAX));
  return endpoint;
}

Napi::Value JsEnsureLockDirectory(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::string path = arguments.Text(0);
  bool tighten = arguments.Flag(1);
  if (!arguments.valid()) return info.Env().Undefined();
  Status status = EnsureLockDirectory(path, tighten);
  if (!status.ok()) ThrowForPath(info.Env(), status, path);
  return info.Env().Undefined();
}

const char* NameOf(ProbedState state) {
  switch (state) {
    case ProbedState::kMissing:
      return "missing";
    case ProbedState::kFree:
      return "free";
    case ProbedState::kHeldExclusive:
      return "exclusive";
    case ProbedState::kHeldShared:
      break;
  }
  return "shared";
}

Napi::Value JsProbeLock(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  std::string path = arguments.Text(0);
  std::int64_t flags = arguments.Integer(1, 0, kAllLockFlags);
  if (!arguments.valid()) return env.Undefined();
  FileLockProbe probe;
  Status status = ProbeFileLock(path, OptionsOf(flags).access, &probe);
  if (!status.ok()) {
    ThrowForPath(env, status, path);
    return env.Undefined();
  }
  Napi::Object result = ToJsContent(env, probe.record, probe.size, probe.has_other_names);
  result.Set("state", NameOf(probe.state));
  return result;
}

Napi::Value JsIsHeldInOtherView(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::string path = arguments.Text(0);
  std::int64_t pid = arguments.Integer(1, 0, INT32_MAX);
  if (!arguments.valid()) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), IsHeldInOtherView(path, pid));
}

Napi::Value JsIsSqliteLocked(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::string path = arguments.Text(0);
  if (!arguments.valid()) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), IsSqliteLocked(path));
}

Napi::Value JsTryBind(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Endpoint endpoint = ReadEndpoint(&arguments);
  if (!arguments.valid()) return info.Env().Undefined();
  Status status = TryBind(endpoint);
  if (!status.ok()) ThrowForEndpoint(info.Env(), status, endpoint);
  return info.Env().Undefined();
}

const char* NameOf(ConnectResult answer) {
  switch (answer) {
    case ConnectResult::kRefused:
      return "refused";
    case ConnectResult::kAccepted:
      return "accepted";
    case ConnectResult::kTimedOut:
      break;
  }
  return "timed-out";
}

Napi::Value JsProbePort(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  Endpoint endpoint = ReadEndpoint(&arguments);
  if (!arguments.valid()) return env.Undefined();
  ConnectResult answer = ConnectResult::kTimedOut;
  Status status = ProbePort(endpoint, &answer);
  if (!status.ok()) {
    ThrowForEndpoint(env, status, endpoint);
    return env.Undefined();
  }
  return Napi::String::New(env, NameOf(answer));
}

Napi::Value JsHasListener(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Endpoint endpoint = ReadEndpoint(&arguments);
  if (!arguments.valid()) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), HasListener(endpoint));
}

Napi::Value JsFindListenerPid(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Endpoint endpoint = ReadEndpoint(&arguments);
  if (!arguments.valid()) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), static_cast<double>(FindListenerPid(endpoint)));
}

Napi::Value JsFindConnectionPid(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Endpoint endpoint = ReadEndpoint(&arguments);
  if (!arguments.valid()) return info.Env().Undefined();
  auto pid = static_cast<double>(FindConnectionPid(endpoint));
  return Napi::Number::New(info.Env(), pid);
}

Napi::Value JsFindConnectionOwner(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Endpoint endpoint = ReadEndpoint(&arguments);
  auto remote_port = static_cast<std::uint16_t>(arguments.Integer(2, 1, UINT16_MAX));
  if (!arguments.valid()) return info.Env().Undefined();
  auto pid = static_cast<double>(FindConnectionOwner(endpoint, remote_port));
  return Napi::Number::New(info.Env(), pid);
}

Napi::Value JsFindLockHolders(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  std::string path = arguments.Text(0);
  if (!arguments.valid()) return env.Undefined();
  Napi::Array pids = Napi::Array::New(env);
  for (std::int64_t pid : FindLockHolders(path)) {
    pids.Set(pids.Length(), static_cast<double>(pid));
  }
  return pids;
}

// Returns the start token of the process with the given pid, or -1 if no such process is alive.
// Returns a plain number, because creating an object with three fields took as long as the query
// itself.
Napi::Value JsProcessStartToken(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::int64_t pid = arguments.Integer(0, 0, INT32_MAX);
  if (!arguments.valid()) return info.Env().Undefined();
  ProcessIdentity process = ReadProcess(pid);
  return Napi::Number::New(info.Env(),
                           process.alive ? static_cast<double>(process.start_time) : -1);
}

Napi::Value JsProcessStartMs(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::int64_t pid = arguments.Integer(0, 0, INT32_MAX);
  if (!arguments.valid()) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), static_cast<double>(ReadProcess(pid).started_at_ms));
}

Napi::Value JsCommandLine(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::int64_t pid = arguments.Integer(0, 0, INT32_MAX);
  if (!arguments.valid()) return info.Env().Undefined();
  return Napi::String::New(info.Env(), CommandLine(pid));
}

Napi::Value JsBootId(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), BootId());
}

Napi::Value JsBootClockMs(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), BootClockMs());
}

Napi::Value JsPidNamespace(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), PidNamespace());
}

}  // namespace

void ExportProbes(Napi::Env env, Napi::Object exports) {
  exports.Set("ensureLockDirectory", Napi::Function::New<JsEnsureLockDirectory>(env));
  exports.Set("probeLock", Napi::Function::New<JsProbeLock>(env));
  exports.Set("isHeldInOtherView", Napi::Function::New<JsIsHeldInOtherView>(env));
  exports.Set("isSqliteLocked", Napi::Function::New<JsIsSqliteLocked>(env));
  exports.Set("tryBind", Napi::Function::New<JsTryBind>(env));
  exports.Set("probePort", Napi::Function::New<JsProbePort>(env));
  exports.Set("hasListener", Napi::Function::New<JsHasListener>(env));
  exports.Set("findListenerPid", Napi::Function::New<JsFindListenerPid>(env));
  exports.Set("findConnectionPid", Napi::Function::New<JsFindConnectionPid>(env));
  exports.Set("findConnectionOwner", Napi::Function::New<JsFindConnectionOwner>(env));
  exports.Set("findLockHolders", Napi::Function::New<JsFindLockHolders>(env));
  exports.Set("processStartToken", Napi::Function::New<JsProcessStartToken>(env));
  exports.Set("processStartMs", Napi::Function::New<JsProcessStartMs>(env));
  exports.Set("commandLine", Napi::Function::New<JsCommandLine>(env));
  exports.Set("bootClockMs", Napi::Function::New<JsBootClockMs>(env));
  exports.Set("bootId", Napi::Function::New<JsBootId>(env));
  exports.Set("pidNamespace", Napi::Function::New<JsPidNamespace>(env));
}

}  // namespace gateway_lock
