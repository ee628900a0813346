// Functions that check the kind, the text and the error of a Status.
#pragma once

#include <cstring>

#include "status.h"

namespace gateway_lock::test {

inline bool HasDetail(const Status& status, StatusKind kind, const char* detail) {
  return status.kind == kind && std::strcmp(status.detail, detail) == 0;
}

inline bool IsInvalid(const Status& status, const char* detail) {
  return HasDetail(status, StatusKind::kInvalidFile, detail);
}

inline bool IsSystemError(const Status& status, int code, const char* syscall) {
  return status.kind == StatusKind::kSystemError && status.sys_code == code &&
         std::strcmp(status.syscall, syscall) == 0;
}

}  // namespace gateway_lock::test
