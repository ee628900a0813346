#include "win32_text.h"

#include <windows.h>

namespace gateway_lock {

std::wstring Wide(const std::string& text) {
  auto length = static_cast<int>(text.size());
  int count = MultiByteToWideChar(CP_UTF8, 0, text.data(), length, nullptr, 0);
  std::wstring wide(static_cast<std::size_t>(count), L'\0');
  (void)MultiByteToWideChar(CP_UTF8, 0, text.data(), length, &wide[0], count);
  return wide;
}

std::string Utf8(const std::wstring& text) {
  auto length = static_cast<int>(text.size());
  int count = WideCharToMultiByte(CP_UTF8, 0, text.data(), length, nullptr, 0, nullptr, nullptr);
  std::string narrow(static_cast<std::size_t>(count), '\0');
  (void)WideCharToMultiByte(CP_UTF8, 0, text.data(), length, &narrow[0], count, nullptr, nullptr);
  return narrow;
}

}  // namespace gateway_lock
