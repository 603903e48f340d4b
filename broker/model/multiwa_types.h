// The names that MultiWA, like WhatsApp Web, gives to types of messages.
#ifndef PLAYHEAD_BROKER_MODEL_MULTIWA_TYPES_H_
#define PLAYHEAD_BROKER_MODEL_MULTIWA_TYPES_H_

#include <string>

#include "absl/strings/string_view.h"

namespace playhead::broker::model {

inline constexpr absl::string_view kMultiWaVoice = "ptt";  // Audio recorded for the chat.

struct MultiWaType {
  absl::string_view multiwa;
  absl::string_view type;  // As in Message.
};

// Only those that differ; image, video, document, sticker, location and all others are the same.
inline constexpr MultiWaType kMultiWaTypes[] = {
    {"chat", "text"},
    {kMultiWaVoice, "audio"},
    {"vcard", "contacts"},
    {"multi_vcard", "contacts"},
};

inline std::string FromMultiWaType(absl::string_view multiwa) {
  for (const MultiWaType& row : kMultiWaTypes) {
    if (row.multiwa == multiwa) return std::string(row.type);
  }
  return multiwa.empty() ? "unknown" : std::string(multiwa);
}

inline std::string ToMultiWaType(absl::string_view type, bool is_voice) {
  if (type == "audio") return std::string(is_voice ? kMultiWaVoice : type);
  for (const MultiWaType& row : kMultiWaTypes) {
    if (row.type == type) return std::string(row.multiwa);
  }
  return std::string(type);
}

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_MULTIWA_TYPES_H_
