// The owner record, as long as the package's, and the check of its pid.
#pragma once

#include <cstdint>
#include <string>

namespace floor_bench {

// The parts of a record that differ between acquisitions. Rewriting a record keeps them.
struct Acquisition {
  char created_at[25];
  char owner_id[37];
};

Acquisition NewAcquisition();

// `fields`: JSON fields with a comma before each. `port`: 0 for none.
std::string FormatRecord(const Acquisition& acquisition, const std::string& fields, int port);
// Returns true if the recorded process belongs to this boot and pid namespace and is alive.
bool NamesLiveOwner(const char* record);

}  // namespace floor_bench
