// Owns one handle of the operating system and closes it exactly once.
//
// A file descriptor, a Windows HANDLE and a Windows SOCKET all fit into an intptr_t, and -1 is
// invalid for each. So one type is enough for all three, and the shared headers of this layer need
// no OS header.
// Thread-safety: none. An object has one owner at a time.
#pragma once

#include <cstdint>
#include <utility>

namespace gateway_lock {

using NativeHandle = std::intptr_t;
inline constexpr NativeHandle kNoHandle = -1;

void CloseFile(NativeHandle handle) noexcept;
void CloseSocket(NativeHandle handle) noexcept;

template <void (*Close)(NativeHandle) noexcept>
class UniqueHandle {
 public:
  UniqueHandle() = default;
  explicit UniqueHandle(NativeHandle handle) : handle_(handle) {}
  UniqueHandle(UniqueHandle&& other) noexcept : handle_(other.Take()) {}
  UniqueHandle& operator=(UniqueHandle&& other) noexcept {
    if (this != &other) Reset(other.Take());
    return *this;
  }
  UniqueHandle(const UniqueHandle&) = delete;
  UniqueHandle& operator=(const UniqueHandle&) = delete;
  ~UniqueHandle() { Reset(); }

  bool valid() const { return handle_ != kNoHandle; }
  NativeHandle get() const { return handle_; }
  NativeHandle Take() { return std::exchange(handle_, kNoHandle); }
  void Reset(NativeHandle next = kNoHandle) {
    NativeHandle old = std::exchange(handle_, next);
    if (old != kNoHandle) Close(old);
  }

 private:
  NativeHandle handle_ = kNoHandle;
};

using FileHandle = UniqueHandle<CloseFile>;
using SocketHandle = UniqueHandle<CloseSocket>;

}  // namespace gateway_lock
