// The owner record, byte for byte as long as the package's, and who a pid is.
#pragma once

#include <cstdint>
#include <string>

namespace floor_bench {

// What tells one lock from the next. A record that is written again keeps it.
struct Acquisition {
  char created_at[25];
  char owner_id[37];
};

Acquisition NewAcquisition();

// `fields`: JSON, with a comma before each. `port`: 0 for none.
std::string FormatRecord(const Acquisition& acquisition, const std::string& fields, int port);
// A process of this boot and pid namespace, that very one, which lives.
bool NamesLiveOwner(const char* record);

}  // namespace floor_bench
