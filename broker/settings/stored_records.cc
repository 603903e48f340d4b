#include "broker/settings/stored_records.h"

#include <string>
#include <utility>
#include <vector>

#include "storage/await.h"

namespace playhead::broker {

using storage::Record;

absl::Status ForEachRecord(storage::RecordStore& records, storage::RecordSpace space, absl::string_view prefix,
                           absl::FunctionRef<absl::Status(Record&)> take) {
  std::string after_key;
  for (;;) {
    auto page = storage::Await<std::vector<Record>>([&](auto done) {
      records.Scan(space, std::string(prefix), after_key, storage::kRecordScanMax, std::move(done));
    });
    if (!page.ok()) return page.status();
    if (page->empty()) return absl::OkStatus();
    after_key = page->back().key;
    for (Record& row : *page) {
      if (absl::Status status = take(row); !status.ok()) return status;
    }
  }
}

}  // namespace playhead::broker
