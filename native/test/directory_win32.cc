#include "directory.h"

#include <windows.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "test.h"
#include "win32_file.h"
#include "win32_text.h"

namespace gateway_lock::test {

// Tests join paths with `/`, which Windows also accepts.
Directory::Directory() {
  wchar_t parent[MAX_PATH + 1];
  CHECK(GetTempPathW(MAX_PATH + 1, parent) > 0);
  static int count = 0;
  std::wstring name = L"gateway-lock-os-" + std::to_wstring(GetCurrentProcessId()) + L"-" +
                      std::to_wstring(GetTickCount64()) + L"-" + std::to_wstring(++count);
  path_ = Utf8(parent + name);
  CHECK(CreateDirectoryW(Wide(path_).c_str(), nullptr));
}

Directory::~Directory() {
  std::error_code ignored;
  std::filesystem::remove_all(Wide(path_), ignored);
}

void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream file(std::filesystem::path(Wide(path)), std::ios::binary);
  file << content;
  file.close();
  CHECK(file.good());
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(std::filesystem::path(Wide(path)), std::ios::binary);
  CHECK(file.good());
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

bool Exists(const std::string& path) {
  return GetFileAttributesW(LongPath(path).c_str()) != INVALID_FILE_ATTRIBUTES;
}

}  // namespace gateway_lock::test
