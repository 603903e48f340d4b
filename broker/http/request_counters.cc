#include "broker/http/request_counters.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace playhead::broker::http {

RequestCounters::RequestCounters(const Router& router, prometheus::Family<prometheus::Counter>& requests) {
  const auto add = [this, &requests](const Route* route, const std::string& pattern) {
    std::array<prometheus::Counter*, kClasses>& counters = counters_[route];
    for (size_t i = 0; i < kClasses; ++i) {
      counters[i] = &requests.Add({{"route", pattern}, {"code", absl::StrCat(i + 2, "xx")}});
    }
  };
  add(nullptr, "none");
  for (const Route& route : router.routes()) add(&route, route.pattern);
}

void RequestCounters::Count(const Route* route, int status) {
  const size_t index = static_cast<size_t>(std::clamp(status / 100, 2, 5)) - 2;
  counters_.find(route)->second[index]->Increment();
}

}  // namespace playhead::broker::http
