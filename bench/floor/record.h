// Writes an owner record as long as the package's, and checks whether a record's process is alive.
#pragma once

#include <cstdint>
#include <string>

namespace floor_bench {

// The parts of a record that differ between acquisitions but stay the same when it is rewritten.
struct Acquisition {
  char created_at[25];
  char owner_id[37];
};

Acquisition NewAcquisition();

// Returns the text of a record. `fields` contains further JSON fields, each preceded by a comma.
// With `port` 0, the record contains no port.
std::string FormatRecord(const Acquisition& acquisition, const std::string& fields, int port);
// Returns true if the recorded process belongs to this boot and pid namespace and is alive.
bool NamesLiveOwner(const char* record);

}  // namespace floor_bench
