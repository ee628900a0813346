#include "directory.h"
#include "process_identity.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

TEST("a process and its child are in the same pid namespace, if the kernel has namespaces") {
  std::string ours = PidNamespace();
  CHECK(ours.empty() != Exists("/proc/self/ns/pid"));
  InForkedChild([&] { CHECK(PidNamespace() == ours); });
}

}  // namespace
}  // namespace gateway_lock::test
