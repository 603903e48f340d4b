#include "broker/read/read_rules.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/auth/permission.h"
#include "proto/errors.h"
#include "storage/limits.h"

namespace playhead::broker {

absl::StatusOr<std::shared_ptr<const storage::EventFilter>> MakeFilter(absl::Span<const absl::string_view> types,
                                                                       absl::string_view id_prefix) {
  auto filter = storage::EventFilter::Make(types, id_prefix);
  if (!filter.ok()) return filter.status();
  if (filter->IsDefault()) return nullptr;
  return std::make_shared<const storage::EventFilter>(*std::move(filter));
}

absl::StatusOr<uint32_t> CheckFetchLimit(uint64_t limit) {
  if (limit > storage::kFetchEventsMax) {
    return MakeError(Reason::kLimitInvalid, absl::StrCat("`limit` is ", limit, "; 1 to ", storage::kFetchEventsMax,
                                                         " are allowed, and 0 for ", storage::kFetchEventsDefault));
  }
  return limit == 0 ? storage::kFetchEventsDefault : static_cast<uint32_t>(limit);
}

absl::Status CheckReader(const Caller& caller, absl::string_view instance, const storage::EventFilter* filter) {
  absl::Status status = caller.Check(Permission::kSubscribe, instance);
  if (status.ok() && filter != nullptr && filter->NamesHiddenTypes()) {
    status = caller.Check(Permission::kManage, instance);
  }
  return status;
}

}  // namespace playhead::broker
