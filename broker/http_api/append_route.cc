#include "broker/http_api/append_route.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "broker/append.h"
#include "broker/auth/caller.h"
#include "broker/auth/permission.h"
#include "broker/byte_budget.h"
#include "broker/http/response.h"
#include "broker/http_api/access.h"
#include "broker/http_api/append_body.h"
#include "broker/http_api/parameters.h"
#include "broker/log.h"
#include "proto/errors.h"
#include "proto/event_wire.h"
#include "storage/append_builder.h"
#include "storage/event_log.h"

namespace playhead::broker::http_api {

using storage::AppendBatch;
using storage::AppendResult;

namespace {

constexpr int kUnsupportedMediaType = 415;

std::string ResultJson(const AppendResult& result, storage::Durability durability) {
  std::string cursors, duplicates;
  uint64_t next = result.first_new.value();
  for (uint32_t i = 0; i < result.event_count; ++i) {
    const bool is_duplicate = result.is_duplicate(i);
    const uint64_t cursor = is_duplicate ? result.duplicates_at[i].value() : next++;
    absl::StrAppend(&cursors, i == 0 ? "" : ",", cursor);
    if (is_duplicate) absl::StrAppend(&duplicates, duplicates.empty() ? "" : ",", i);
  }
  return absl::StrCat(R"({"cursors":[)", cursors, R"(],"duplicates":[)", duplicates, R"(],"head_cursor":)",
                      result.head.value(), R"(,"durability":")",
                      durability == storage::Durability::kDisk ? "DISK" : "OS", R"("})");
}

absl::StatusOr<AppendBatch> MakeBatch(const Services& services, const std::vector<EventFields>& events,
                                      absl::string_view instance) {
  std::vector<NewEvent> out;
  out.reserve(events.size());
  for (const EventFields& event : events) {
    NewEvent& added = out.emplace_back(
        NewEvent{.type = event.type, .data = event.data, .id = event.id, .created_at = event.created_at});
    for (const auto& [key, value] : event.attributes) added.attributes.emplace_back(key, value);
  }
  return storage::BuildAppendBatch(instance, out, {services.core.limits.event_bytes_max});
}

absl::StatusOr<AppendBatch> ReadRequest(const Services& services, const Caller& caller, BodyFormat format,
                                        const http::Request& request) {
  const absl::string_view instance = request.PathParameter("name");
  if (absl::Status status = CheckParameters(request, {"expected_cursor"}); !status.ok()) return status;
  const auto expected = CursorParameter(request, "expected_cursor");
  if (!expected.ok()) return expected.status();
  // Checked before the body of an unauthorised client is parsed.
  if (absl::Status status = storage::CheckInstanceName(instance); !status.ok()) return status;
  if (absl::Status status = caller.Check(Permission::kAppend, instance); !status.ok()) return status;
  const auto events = ReadAppendBody(format, request, instance);
  if (!events.ok()) return events.status();
  auto batch = MakeBatch(services, *events, instance);
  if (batch.ok()) batch->expected_cursor = *expected;
  return batch;
}

}  // namespace

void AppendEvents(const Services& services, http::Request request, http::Responder responder) {
  const std::shared_ptr<Caller> caller = Admit(services, request, Credentials::kSecret, responder);
  if (caller == nullptr) return;
  const auto format = FormatOf(request);
  if (!format.ok()) {
    LogRefusal("http", format.status());
    return std::move(responder).Send(http::JsonError(format.status(), kUnsupportedMediaType));
  }
  auto grant = services.core.append_budget.TryAcquire(request.body.size());
  if (!grant) {
    return std::move(responder).Refuse(
        MakeError(Reason::kAppendQueueFull, "too many appends are in flight: try again shortly"));
  }
  auto batch = ReadRequest(services, *caller, *format, request);
  if (!batch.ok()) return std::move(responder).Refuse(batch.status());
  request = {};  // Its bytes are in the batch.
  Append(
      services.core, caller, *std::move(batch),
      [&log = services.core.log, grant = *std::move(grant),
       responder = std::move(responder)](absl::StatusOr<AppendResult> result) mutable {
        grant.Release();
        if (!result.ok()) return std::move(responder).Refuse(result.status());
        std::move(responder).Send({.content_type = "application/json", .body = ResultJson(*result, log.durability())});
      });
}

}  // namespace playhead::broker::http_api
