// Deletes an instance by its name alone, for tests in which nobody else creates or deletes it meanwhile.
#ifndef PLAYHEAD_TESTS_SUPPORT_DELETE_INSTANCE_H_
#define PLAYHEAD_TESTS_SUPPORT_DELETE_INSTANCE_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/event_log.h"
#include "tests/support/await.h"

namespace playhead::testing {

// Waits. As EventLog::GetInstance and EventLog::DeleteInstance.
inline absl::Status DeleteInstance(storage::EventLog& log, absl::string_view name) {
  const auto info =
      Await<storage::InstanceInfo>([&](auto done) { log.GetInstance(std::string(name), std::move(done)); });
  if (!info.ok()) return info.status();
  return AwaitStatus([&](auto done) { log.DeleteInstance(std::string(name), info->number, std::move(done)); });
}

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_DELETE_INSTANCE_H_
