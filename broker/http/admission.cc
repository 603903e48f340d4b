#include "broker/http/admission.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::broker::http {
namespace {

std::optional<absl::string_view> Find(const boost::beast::http::fields& headers, absl::string_view name) {
  const auto found = headers.find({name.data(), name.size()});
  if (found == headers.end()) return std::nullopt;
  return absl::string_view(found->value().data(), found->value().size());
}

std::string FindPageOrigin(const RequestHead& head, const Admission& admission, const Router& router,
                           const CorsOrigins& cors_origins) {
  const absl::string_view origin = Find(head.headers, "Origin").value_or("");
  if (origin.empty()) return "";
  const Route* wanted = admission.route;
  if (wanted == nullptr && head.method == Verb::options) {
    const absl::string_view method = Find(head.headers, "Access-Control-Request-Method").value_or("");
    wanted = router.Find(boost::beast::http::string_to_verb({method.data(), method.size()}), admission.target.segments)
                 .route;
  }
  const bool allowed = wanted != nullptr && wanted->options.cross_origin && cors_origins.Allow(origin);
  return allowed ? std::string(origin) : "";
}

absl::Status CheckOrigin(const RequestHead& head, const Admission& admission, const LocalAddress& local,
                         bool runs_open) {
  if (!runs_open || (admission.route != nullptr && admission.route->options.server_to_server)) return absl::OkStatus();
  return CheckCaller(Find(head.headers, "Host").value_or(""),
                     admission.page_origin.empty() ? Find(head.headers, "Origin") : std::nullopt, local);
}

}  // namespace

absl::StatusOr<Admission> Admit(const RequestHead& head, const Router& router, const CorsOrigins& cors_origins,
                                const LocalAddress& local, bool runs_open) {
  auto target = ParseTarget(head.target);
  if (!target.ok()) return target.status();
  Admission admission;
  admission.target = *std::move(target);
  Router::Match match = router.Find(head.method, admission.target.segments);
  admission.route = match.route;
  admission.path_parameters = std::move(match.path_parameters);
  admission.page_origin = FindPageOrigin(head, admission, router, cors_origins);
  admission.error = CheckOrigin(head, admission, local, runs_open);
  if (!admission.error.ok()) {
    admission.answer = JsonError(admission.error);
  } else if (admission.route != nullptr) {
    // The route answers.
  } else if (!admission.page_origin.empty() && !head.has_body) {
    admission.answer =
        PreflightResponse(match.allow, Find(head.headers, "Access-Control-Request-Headers").value_or(""));
  } else if (match.allow.empty()) {
    admission.error = MakeError(Reason::kRouteNotFound, "there is nothing at this path");
    admission.answer = JsonError(admission.error);
  } else {
    admission.error = MakeError(Reason::kMethodNotAllowed, absl::StrCat("this path takes ", match.allow));
    admission.answer = JsonError(admission.error);
    admission.answer->headers.push_back({"Allow", std::move(match.allow)});
  }
  return admission;
}

}  // namespace playhead::broker::http
