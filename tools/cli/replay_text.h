// Formats plans and replays: text for people, JSON for programs.
#ifndef PLAYHEAD_TOOLS_CLI_REPLAY_TEXT_H_
#define PLAYHEAD_TOOLS_CLI_REPLAY_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "playhead/v1/replays.pb.h"

namespace playhead::tools {

//   380 events (142.1 KiB) of 2 instances, 2026-01-02T03:04:05Z to 2026-01-02T04:00:00Z
//       350  message.received
//        30  message.status
std::string FormatPlan(const v1::ReplayPlan& plan);
// One object on a line.
std::string PlanJson(const v1::ReplayPlan& plan);

// The state in a word: "running", "paused", "done", "cancelled", "handed-over".
std::string StateText(v1::Replay::State state);
// A header, and a line for each replay.
std::string FormatReplays(const std::vector<v1::Replay>& replays);
// All details of one replay, one a line.
std::string FormatReplay(const v1::Replay& replay);
// One object on a line.
std::string ReplayJson(const v1::Replay& replay);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_REPLAY_TEXT_H_
