#include "js_error.h"

#include "sys_error.h"

namespace gateway_lock {
namespace {

const char* CodeOf(const Status& status) {
  switch (status.kind) {
    case StatusKind::kInvalidFile:
      return "ERR_LOCK_INVALID_FILE";
    case StatusKind::kForeignOwner:
      return "ERR_LOCK_PERMISSION";
    case StatusKind::kUnsupported:
      return "ERR_LOCK_UNSUPPORTED";
    case StatusKind::kWeakFileSystem:
      return "ERR_LOCK_WEAK_FILESYSTEM";
    case StatusKind::kReplaced:
      return "ERR_LOCK_REPLACED";
    case StatusKind::kOk:
    case StatusKind::kContended:
    case StatusKind::kSystemError:
      break;
  }
  return ErrorName(status.sys_code);
}

Napi::Error ErrorFor(Napi::Env env, const Status& status, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", CodeOf(status));
  if (status.sys_code != 0) {
    error.Set("errno", static_cast<double>(ErrorNumber(status.sys_code)));
    error.Set("syscall", status.syscall);
  }
  return error;
}

std::string Explain(const Status& status, const std::string& path) {
  if (status.sys_code == 0) return "'" + path + "' " + status.detail;
  return std::string(ErrorName(status.sys_code)) + ": " + ErrorText(status.sys_code) + ", " +
         status.syscall + " '" + path + "'";
}

std::string Explain(const Status& status, const Endpoint& endpoint) {
  return std::string(status.syscall) + " " + ErrorName(status.sys_code) + ": " +
         ErrorText(status.sys_code) + " " + endpoint.address + ":" + std::to_string(endpoint.port);
}

std::string Explain(const Status& status) {
  return std::string(ErrorName(status.sys_code)) + ": " + ErrorText(status.sys_code) + ", " +
         status.syscall;
}

}  // namespace

void ThrowForPath(Napi::Env env, const Status& status, const std::string& path) {
  Napi::Error error = ErrorFor(env, status, Explain(status, path));
  error.Set("path", path);
  error.Set("detail", status.detail);
  error.ThrowAsJavaScriptException();
}

void ThrowForEndpoint(Napi::Env env, const Status& status, const Endpoint& endpoint) {
  Napi::Error error = ErrorFor(env, status, Explain(status, endpoint));
  error.Set("address", endpoint.address);
  error.Set("port", static_cast<double>(endpoint.port));
  error.ThrowAsJavaScriptException();
}

void ThrowFor(Napi::Env env, const Status& status) {
  ErrorFor(env, status, Explain(status)).ThrowAsJavaScriptException();
}

}  // namespace gateway_lock
