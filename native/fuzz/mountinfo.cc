// Parses any lines as /proc/self/mountinfo, and the kernel's line for an overlay with any directory
// names.
#include <cstring>

#include "fuzz.h"
#include "overlay_linux.cc"  // NOLINT(bugprone-suspicious-include)

using namespace gateway_lock;        // NOLINT(google-build-using-namespace)
using namespace gateway_lock::fuzz;  // NOLINT(google-build-using-namespace)

namespace {

bool Shows(const std::string& line, const std::string& merged, const std::string& plain) {
  Overlay overlay;
  return ParseOverlay(line, &overlay) && ShowsBelow(overlay, merged, plain);
}

// Escapes a name like show_mountinfo() in fs/proc_namespace.c and ovl_show_options() in
// fs/overlayfs/params.c.
std::string Escape(const std::string& text) {
  std::string escaped;
  for (char c : text) {
    char octal[5];
    std::snprintf(octal, sizeof octal, "\\%03o", static_cast<unsigned>(c));
    escaped += std::strchr(" \t\n\\#,=", c) != nullptr && c != '\0' ? octal : std::string(1, c);
  }
  return escaped;
}

// Returns a name without a colon, because the kernel escapes a colon in a layer's name differently.
std::string Name(FuzzedDataProvider& input) {
  std::string name = input.ConsumeRandomLengthString(20);
  for (char& c : name) {
    if (c == '\0' || c == '/' || c == ':') c = '_';
  }
  return name.empty() ? "a" : name;
}

void FindKernelsOverlay(FuzzedDataProvider& input) {
  bool root = input.ConsumeBool();
  std::string mount = root ? "/" : "/" + Name(input);
  std::string upper = "/" + Name(input) + "/" + Name(input);
  std::string file = "/" + Name(input);
  std::string line = "36 35 0:98 / " + Escape(mount) +
                     " rw,relatime shared:1 - overlay overlay rw," +
                     "lowerdir=/l,upperdir=" + Escape(upper) + ",workdir=/w\n";
  std::string merged = (root ? "" : mount) + file;
  EXPECT(Shows(line, merged, upper + file));
  EXPECT(Shows(line, merged, "/l" + file));
  EXPECT(!Shows(line, merged, upper + file + "x"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text = TextOf(data, size);
  std::size_t end = text.find('\n');
  std::string path = end == std::string::npos ? "/a/b" : text.substr(end + 1);
  (void)Shows(text.substr(0, end), path, "/c/b");
  (void)Shows(text.substr(0, end), "/c/b", path);
  EXPECT(Unescape(text).size() <= text.size());
  EXPECT(Unescape(Escape(text)) == text);
  FuzzedDataProvider input(data, size);
  FindKernelsOverlay(input);
  return 0;
}
