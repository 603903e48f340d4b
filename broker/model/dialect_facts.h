// What events in the words of each dialect say; broker/model/facts.h calls these. `data` is the event's data, parsed;
// `kind` is the first kind that KindsOf has for its type, which is what the event is unless its data say otherwise.
//
// Each appends what it finds; what is not of the shape that the type promises adds nothing.
#ifndef PLAYHEAD_BROKER_MODEL_DIALECT_FACTS_H_
#define PLAYHEAD_BROKER_MODEL_DIALECT_FACTS_H_

#include <boost/json/value.hpp>
#include <vector>

#include "absl/strings/string_view.h"
#include "broker/model/facts.h"

namespace playhead::broker::model {

// Webhooks of the WhatsApp Cloud API: {"metadata":…,"contact":…,"message"|"status":…}.
void AddWhatsAppFacts(Kind kind, const boost::json::value& data, std::vector<Fact>& facts);

// {"type":…,"event":…}, the event as whatsmeow has it or as a canonical view.
void AddVZapsFacts(Kind kind, const boost::json::value& data, std::vector<Fact>& facts);

// The one argument of an event of Baileys, and of the REST API around it.
void AddBaileysFacts(absl::string_view type, Kind kind, const boost::json::value& data, std::vector<Fact>& facts);

// The `data` of MultiWA's event frames.
void AddMultiWaFacts(Kind kind, const boost::json::value& data, std::vector<Fact>& facts);

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_DIALECT_FACTS_H_
