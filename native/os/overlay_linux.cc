#include "overlay_linux.h"

#include <cstdio>
#include <cstdlib>

namespace gateway_lock {
namespace {

// An overlay mount, as listed in /proc/self/mountinfo.
struct Overlay {
  std::string mount_point;
  std::string options;  // ",lowerdir=A:B,upperdir=C,workdir=D,"
};

// Decodes octal escapes such as "\\040", which the kernel writes for blanks and backslashes.
std::string Unescape(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool escaped = text[i] == '\\' && i + 3 < text.size();
    plain += escaped ? static_cast<char>(std::strtol(text.substr(i + 1, 3).c_str(), nullptr, 8))
                     : text[i];
    if (escaped) i += 3;
  }
  return plain;
}

// Parses a line "36 35 98:0 ROOT MOUNTPOINT OPTIONS - overlay SOURCE SUPEROPTIONS" (man 5
// proc_pid_mountinfo). Returns false for other file systems.
bool ParseOverlay(const std::string& line, Overlay* overlay) {
  std::size_t type = line.find(" - overlay ");
  if (type == std::string::npos) return false;
  std::size_t start = 0;
  for (int field = 0; field < 4; ++field) start = line.find(' ', start) + 1;
  overlay->mount_point = Unescape(line.substr(start, line.find(' ', start) - start));
  std::size_t options = line.rfind(' ') + 1;
  std::size_t end = line.find('\n', options);
  overlay->options = "," + Unescape(line.substr(options, end - options)) + ",";
  return true;
}

bool IsBelow(const std::string& path, const std::string& directory) {
  return path.compare(0, directory.size(), directory) == 0 &&
         (directory == "/" || path.size() == directory.size() || path[directory.size()] == '/');
}

// Returns true if `plain` is `rest` inside one of the overlay's layers.
bool HasLayer(const Overlay& overlay, const std::string& plain, const std::string& rest) {
  if (plain.size() <= rest.size()) return false;
  std::size_t length = plain.size() - rest.size();
  if (plain.compare(length, rest.size(), rest) != 0) return false;
  std::string layer = plain.substr(0, length);
  for (const char* before : {"=", ":"}) {
    for (const char* after : {",", ":"}) {
      if (overlay.options.find(before + layer + after) != std::string::npos) return true;
    }
  }
  return false;
}

// Returns true if the overlay shows the file at `plain` as `merged`. Treats the mount point "/" as
// empty, so that the rest of the path begins with a separator, as for any other mount point.
bool ShowsBelow(const Overlay& overlay, const std::string& merged, const std::string& plain) {
  std::size_t length = overlay.mount_point == "/" ? 0 : overlay.mount_point.size();
  return IsBelow(merged, overlay.mount_point) && HasLayer(overlay, plain, merged.substr(length));
}

}  // namespace

bool IsOverlaid(const std::string& merged, const std::string& plain) {
  FILE* stream = fopen("/proc/self/mountinfo", "re");
  if (stream == nullptr) return false;
  bool found = false;
  char* line = nullptr;
  std::size_t capacity = 0;
  Overlay overlay;
  while (!found && getline(&line, &capacity, stream) > 0) {
    found = ParseOverlay(line, &overlay) && ShowsBelow(overlay, merged, plain);
  }
  free(line);
  fclose(stream);
  return found;
}

}  // namespace gateway_lock
