#include "storage/erasures.h"

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"
#include "storage/event_log.h"
#include "storage/limits.h"
#include "storage/own_instances.h"

namespace playhead::storage {
namespace {

absl::Status Invalid(absl::string_view message) { return MakeError(Reason::kErasureInvalid, message); }

absl::Status CheckPattern(absl::string_view pattern) {
  if (absl::ConsumeSuffix(&pattern, "*") && pattern.empty()) return absl::OkStatus();
  return CheckInstanceName(pattern);
}

}  // namespace

bool InstanceMatches(absl::string_view pattern, absl::string_view name) {
  if (!absl::ConsumeSuffix(&pattern, "*")) return pattern == name;
  return absl::StartsWith(name, pattern) && (!IsOwnInstance(name) || IsOwnInstance(pattern));
}

absl::Status CheckErasureRequest(const ErasureRequest& request) {
  if (request.instances.empty() || request.instances.size() > kErasureInstancesMax) {
    return Invalid(absl::StrCat("an erasure names 1 to ", kErasureInstancesMax, " instances or prefixes, not ",
                                request.instances.size()));
  }
  for (const std::string& pattern : request.instances) {
    if (absl::Status status = CheckPattern(pattern); !status.ok()) return status;
  }
  const int kinds = (request.cursors.empty() ? 0 : 1) + (request.ids.empty() ? 0 : 1) + (request.attribute ? 1 : 0);
  if (kinds != 1) return Invalid("an erasure looks for exactly one of cursors, ids, and an attribute");
  if (request.cursors.size() > kErasureCursorsMax) {
    return Invalid(absl::StrCat(request.cursors.size(), " cursors; at most ", kErasureCursorsMax, " are allowed"));
  }
  if (!request.cursors.empty() && (request.instances.size() > 1 || absl::EndsWith(request.instances.front(), "*"))) {
    return Invalid("cursors are of one instance: name it");
  }
  if (absl::c_any_of(request.cursors, [](Cursor cursor) { return cursor.sequence() == 0; })) {
    return Invalid("no event has the cursor 0");
  }
  if (request.ids.size() > kErasureIdsMax) {
    return Invalid(absl::StrCat(request.ids.size(), " ids; at most ", kErasureIdsMax, " are allowed"));
  }
  for (const std::string& id : request.ids) {
    if (id.empty() || id.size() > kEventIdBytesMax) {
      return Invalid(absl::StrCat("an event's id has 1 to ", kEventIdBytesMax, " bytes; this one has ", id.size()));
    }
  }
  if (request.attribute &&
      (request.attribute->first.empty() || request.attribute->first.size() > kAttributeKeyBytesMax)) {
    return Invalid(absl::StrCat("an attribute's key has 1 to ", kAttributeKeyBytesMax, " bytes; this one has ",
                                request.attribute->first.size()));
  }
  return absl::OkStatus();
}

}  // namespace playhead::storage
