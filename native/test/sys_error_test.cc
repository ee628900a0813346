#include <cerrno>
#include <cstring>
#include <set>
#include <string>

#include "sys_error.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

struct Expected {
  int code;
  const char* name;
};

#define ROW(code) {code, #code}
// That the texts are Node's own is checked in test/native/native.test.ts, where Node can be asked.
constexpr Expected kExpected[] = {
    ROW(EACCES), ROW(EADDRINUSE), ROW(EADDRNOTAVAIL), ROW(EAFNOSUPPORT), ROW(EBADF),
    ROW(EBUSY),  ROW(EDQUOT),     ROW(EEXIST),        ROW(EFBIG),        ROW(EINVAL),
    ROW(EIO),    ROW(EISDIR),     ROW(ELOOP),         ROW(EMFILE),       ROW(ENAMETOOLONG),
    ROW(ENFILE), ROW(ENODEV),     ROW(ENOENT),        ROW(ENOLCK),       ROW(ENOMEM),
    ROW(ENOSPC), ROW(ENOSYS),     ROW(ENOTDIR),       ROW(ENOTSUP),      ROW(ENXIO),
    ROW(EPERM),  ROW(EROFS),      ROW(ESTALE),        ROW(ETXTBSY),      {EOPNOTSUPP, "ENOTSUP"},
};
#undef ROW

TEST("each error number that the table knows has its own name and a text") {
  std::set<std::string> texts;
  for (const Expected& row : kExpected) {
    CHECK(std::strcmp(ErrorName(row.code), row.name) == 0);
    CHECK(std::strcmp(ErrorText(row.code), "unknown error") != 0);
    texts.insert(ErrorText(row.code));
  }
  // ENOTSUP and EOPNOTSUPP share one.
  CHECK(texts.size() == std::size(kExpected) - 1);
}

TEST("an error number that the table does not know is UNKNOWN, however odd it is") {
  for (int code : {0, -1, 100000, ECHILD}) {
    CHECK(std::strcmp(ErrorName(code), "UNKNOWN") == 0);
    CHECK(std::strcmp(ErrorText(code), "unknown error") == 0);
  }
}

}  // namespace
}  // namespace gateway_lock::test
