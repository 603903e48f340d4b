#include "broker/open_instance.h"

#include <utility>

#include "absl/status/status.h"

namespace playhead::broker {

void OpenInstance(storage::EventLog& log, const Caller* caller, const std::string& name,
                  storage::Callback<std::shared_ptr<storage::Instance>> done) {
  if (caller == nullptr) return log.OpenInstance(name, storage::OpenMode::kCreateIfPermitted, std::move(done));
  caller->AdmitInstance(log, name, [&log, name, done = std::move(done)](absl::Status admitted) mutable {
    if (!admitted.ok()) return std::move(done)(std::move(admitted));
    log.OpenInstance(name, storage::OpenMode::kCreateIfPermitted, std::move(done));
  });
}

}  // namespace playhead::broker
