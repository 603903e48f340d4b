#include "tests/load/numbered_messages.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace playhead::testing {
namespace {

constexpr absl::string_view kIdPrefix = "wamid.";

// Takes `text` up to the end of the next message id, and returns its number; 0 if there is none.
uint64_t TakeNumber(absl::string_view& text) {
  const size_t at = text.find(kIdPrefix);
  if (at == absl::string_view::npos) return 0;
  text.remove_prefix(at + kIdPrefix.size());
  uint64_t number = 0;
  while (!text.empty() && absl::ascii_isdigit(static_cast<unsigned char>(text.front()))) {
    number = 10 * number + static_cast<uint64_t>(text.front() - '0');
    text.remove_prefix(1);
  }
  return number;
}

std::string MessageJson(uint64_t number, size_t text_bytes) {
  return absl::StrCat(R"({"id":")", MessageId(number),
                      R"(","from":"15550001","timestamp":"1700000000","type":"text","text":{"body":")",
                      std::string(text_bytes, 'x'), R"("}})");
}

}  // namespace

std::string MessageId(uint64_t number) { return absl::StrCat(kIdPrefix, number); }

std::string MessageData(const std::string& instance, uint64_t number, size_t text_bytes) {
  return absl::StrCat(R"({"metadata":{"phone_number_id":")", instance,
                      R"("},"contact":{"wa_id":"15550001","profile":{"name":"Ann"}},"message":)",
                      MessageJson(number, text_bytes), "}");
}

std::string WebhookBody(const std::string& instance, uint64_t number, size_t text_bytes) {
  return absl::StrCat(
      R"({"object":"whatsapp_business_account","entry":[{"id":"77","changes":[{"field":"messages","value":{)",
      R"("messaging_product":"whatsapp","metadata":{"phone_number_id":")", instance,
      R"("},"contacts":[{"wa_id":"15550001","profile":{"name":"Ann"}}],"messages":[)", MessageJson(number, text_bytes),
      "]}}]}]}");
}

uint64_t NumberIn(absl::string_view text) { return TakeNumber(text); }

std::vector<uint64_t> NumbersIn(absl::string_view text) {
  std::vector<uint64_t> numbers;
  while (const uint64_t number = TakeNumber(text)) numbers.push_back(number);
  return numbers;
}

}  // namespace playhead::testing
