// Fuzz targets: webhooks of the WhatsApp Cloud API, and what is made of them.
#ifndef PLAYHEAD_TESTS_FUZZ_WHATSAPP_TARGETS_H_
#define PLAYHEAD_TESTS_FUZZ_WHATSAPP_TARGETS_H_

#include "absl/strings/string_view.h"

namespace playhead::fuzz {

// What a webhook body becomes is slices of it, and JSON if the body is.
void WebhookBody(absl::string_view bytes);
// What is read as WhatsApp content is content: an id, UTF-8 throughout, and of a message a type that agrees with what
// is set.
void WhatsAppContent(absl::string_view bytes);

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_WHATSAPP_TARGETS_H_
