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
// test/native/native.test.ts compares the texts with Node's.
constexpr Expected kExpected[] = {
    ROW(EACCES), ROW(EADDRINUSE), ROW(EADDRNOTAVAIL), ROW(EAFNOSUPPORT), ROW(EBADF),
    ROW(EBUSY),  ROW(EDQUOT),     ROW(EEXIST),        ROW(EFBIG),        ROW(EINVAL),
    ROW(EIO),    ROW(EISDIR),     ROW(ELOOP),         ROW(EMFILE),       ROW(ENAMETOOLONG),
    ROW(ENFILE), ROW(ENODEV),     ROW(ENOENT),        ROW(ENOLCK),       ROW(ENOMEM),
    ROW(ENOSPC), ROW(ENOSYS),     ROW(ENOTDIR),       ROW(ENOTSUP),      ROW(ENXIO),
    ROW(EPERM),  ROW(EROFS),      ROW(ESTALE),        ROW(ETXTBSY),      {EOPNOTSUPP, "ENOTSUP"},
};
#undef ROW

TEST("each error number in the table has its own name and text") {
  std::set<std::string> texts;
  for (const Expected& row : kExpected) {
    CHECK(std::strcmp(ErrorName(row.code), row.name) == 0);
    CHECK(std::strcmp(ErrorText(row.code), "unknown error") != 0);
    texts.insert(ErrorText(row.code));
  }
  // ENOTSUP and EOPNOTSUPP have the same text.
  CHECK(texts.size() == std::size(kExpected) - 1);
}

TEST("an error number that is not in the table has the name UNKNOWN") {
  for (int code : {0, -1, 100000, ECHILD}) {
    CHECK(std::strcmp(ErrorName(code), "UNKNOWN") == 0);
    CHECK(std::strcmp(ErrorText(code), "unknown error") == 0);
  }
}

}  // namespace
}  // namespace gateway_lock::test
