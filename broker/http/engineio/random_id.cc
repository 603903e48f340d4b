#include "broker/http/engineio/random_id.h"

#include "absl/strings/escaping.h"
#include "broker/random.h"

namespace playhead::broker::http::engineio {

std::string RandomId() { return absl::WebSafeBase64Escape(RandomBytes(15)); }

}  // namespace playhead::broker::http::engineio
