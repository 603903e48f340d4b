#include "broker/model/facts.h"

#include "absl/status/status.h"
#include "broker/model/dialect_facts.h"
#include "broker/model/json.h"
#include "broker/model/view.h"

namespace playhead::broker::model {

absl::StatusOr<std::vector<Fact>> FactsOf(const EventView& event) {
  std::vector<Fact> facts;
  const Dialect dialect = DialectOf(event);
  const absl::Span<const Kind> kinds = KindsOf(dialect, event.type);
  if (kinds.empty() || kinds.front() == Kind::kAccountError) return facts;
  const std::optional<json::value> data = ParseJson(event.data);
  if (!data || !(data->is_object() || data->is_array())) {
    return absl::InvalidArgumentError("the data are no JSON object or array");
  }
  const Kind kind = kinds.front();
  switch (dialect) {
    case Dialect::kNone:
      facts.push_back(FromView(kind, *data));
      break;
    case Dialect::kWhatsApp:
      AddWhatsAppFacts(kind, *data, facts);
      if (facts.empty()) return absl::InvalidArgumentError("the data have no `message` or `status` as the type says");
      break;
    case Dialect::kVZaps:
      AddVZapsFacts(kind, *data, facts);
      break;
    case Dialect::kBaileys:
      AddBaileysFacts(event.type, kind, *data, facts);
      break;
    case Dialect::kMultiWa:
      AddMultiWaFacts(kind, *data, facts);
      break;
    case Dialect::kOther:
      break;
  }
  return facts;
}

}  // namespace playhead::broker::model
