// What is fuzzed: each function takes any bytes and aborts if a promise is broken.
//
// tests/fuzz/run drives them with libFuzzer for as long as one likes; fuzz_test runs their corpora and a fixed number
// of mutations with every ./tools/test.
#ifndef PLAYHEAD_TESTS_FUZZ_TARGETS_H_
#define PLAYHEAD_TESTS_FUZZ_TARGETS_H_

#include "absl/strings/string_view.h"

namespace playhead::fuzz {

// What the validator admits, the generated parser reads the same.
void AppendRequest(absl::string_view bytes);
// The same of one event in a sound request; and reading any bytes as an event stays within them.
void Event(absl::string_view bytes);
// No stored bytes make Block::Decode read or write beyond its own, not even with a checksum that fits.
void Block(absl::string_view bytes);
// A text that is a position says the same when it is written again.
void EventId(absl::string_view bytes);
// Patterns and, last, a type, in lines: a filter matches what the patterns say.
void EventFilter(absl::string_view bytes);
// What a webhook body becomes is slices of it, and JSON if the body is.
void WebhookBody(absl::string_view bytes);
// What is read as WhatsApp content is content: an id, UTF-8 throughout, and of a message a type that agrees with what
// is set.
void WhatsAppContent(absl::string_view bytes);
// A dialect's name, a type and, behind two line ends, data: whatever the event, each dialect makes JSON of it that its
// clients take, in steps that rise, and a frame of each.
void Rendering(absl::string_view bytes);
// What a body over HTTP is read as, in any of its forms, is sound, and reads the same when it is written again.
void HttpAppendBody(absl::string_view bytes);
// What is read as the target of an HTTP request means the same when it is written again, and routes by its segments.
void HttpTarget(absl::string_view bytes);
// The body of a poll's request is read to its end, and means the same when it is written again.
void EngineIoPayload(absl::string_view bytes);
// What is read as a packet of Socket.IO means the same when it is written again; its data are JSON, and cut where its
// elements end.
void SocketIoPacket(absl::string_view bytes);

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_TARGETS_H_
