// The events of a load: WhatsApp messages that are numbered 1, 2, 3, ... Every protocol passes a message's id on
// unchanged, so a reader of any of them sees whether one is missing or repeated.
#ifndef PLAYHEAD_TESTS_LOAD_NUMBERED_MESSAGES_H_
#define PLAYHEAD_TESTS_LOAD_NUMBERED_MESSAGES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace playhead::testing {

inline constexpr char kMessageType[] = "message.received";
inline constexpr char kMessageDialect[] = "whatsapp";

// "wamid.NUMBER".
std::string MessageId(uint64_t number);
// An event's data that every dialect can render: the message with this number, whose text has `text_bytes` bytes.
std::string MessageData(const std::string& instance, uint64_t number, size_t text_bytes);
// The body with which Meta posts the same message to a webhook. The phone number's id is the instance's name.
std::string WebhookBody(const std::string& instance, uint64_t number, size_t text_bytes);

// The number in the first message id in `text`; 0 if there is none.
uint64_t NumberIn(absl::string_view text);
// The numbers in all message ids in `text`, in order.
std::vector<uint64_t> NumbersIn(absl::string_view text);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_LOAD_NUMBERED_MESSAGES_H_
