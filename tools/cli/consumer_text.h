// Formats consumers: tables for people, JSON for programs.
#ifndef PLAYHEAD_TOOLS_CLI_CONSUMER_TEXT_H_
#define PLAYHEAD_TOOLS_CLI_CONSUMER_TEXT_H_

#include <string>
#include <vector>

#include "playhead/v1/consumers.pb.h"

namespace playhead::tools {

// "bot-7", "bot-*", "*".
std::string SourceText(const v1::ConsumerSource& source);
// "123", "at most 123".
std::string LagText(const v1::Consumer::Lag& lag);
// "bot-7's cursor 12" as "12"; the token of a consumer of many.
std::string PositionText(const v1::ConsumerPosition& position);
// Why the consumer delivers nothing, in words; "" if it delivers.
std::string PauseText(v1::ConsumerPause pause);

std::string ConsumerTable(const std::vector<v1::Consumer>& consumers);
// All details of one consumer, one a line.
std::string ConsumerDetails(const v1::Consumer& consumer);
// One line of JSON.
std::string ConsumerJson(const v1::Consumer& consumer);

std::string ParkedTable(const std::vector<v1::ParkedEvent>& parked);
std::string ParkedJson(const v1::ParkedEvent& parked);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_CONSUMER_TEXT_H_
