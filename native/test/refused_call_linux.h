// Makes a system call fail, to test what the code does then.
#pragma once

namespace gateway_lock::test {

// Makes a system call fail with the given error until this process ends. Skips the test if the
// kernel cannot do that.
void Refuse(unsigned call, unsigned code);

}  // namespace gateway_lock::test
