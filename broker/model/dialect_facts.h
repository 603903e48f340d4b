// Functions that read the facts of events published in each dialect, for FactsOf (broker/model/facts.h). `data` is the
// event's parsed data; `kind` is the first kind that KindsOf has for its type, which applies unless the data say
// otherwise.
//
// Each appends the facts that it finds. Data that do not have the shape that the type promises add nothing.
#ifndef PLAYHEAD_BROKER_MODEL_DIALECT_FACTS_H_
#define PLAYHEAD_BROKER_MODEL_DIALECT_FACTS_H_

#include <boost/json/value.hpp>
#include <vector>

#include "absl/strings/string_view.h"
#include "broker/model/facts.h"

namespace playhead::broker::model {

// Webhooks of the WhatsApp Cloud API: {"metadata":…,"contact":…,"message"|"status":…}.
void AddWhatsAppFacts(Kind kind, const boost::json::value& data, std::vector<Fact>& facts);

// {"type":…,"event":…}, where the event has whatsmeow's shape or is a canonical view.
void AddVZapsFacts(Kind kind, const boost::json::value& data, std::vector<Fact>& facts);

// The single argument of an event of Baileys, or of the REST API around it.
void AddBaileysFacts(absl::string_view type, Kind kind, const boost::json::value& data, std::vector<Fact>& facts);

// The `data` of MultiWA's event frames.
void AddMultiWaFacts(Kind kind, const boost::json::value& data, std::vector<Fact>& facts);

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_DIALECT_FACTS_H_
