#include "broker/http_api/instance_routes.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "broker/auth/caller.h"
#include "broker/auth/permission.h"
#include "broker/http/response.h"
#include "broker/http_api/access.h"
#include "broker/http_api/listing.h"
#include "broker/http_api/parameters.h"
#include "broker/instance_message.h"
#include "broker/listing/covered_instances.h"
#include "broker/listing/page_token.h"
#include "proto/errors.h"
#include "proto/instance_json.h"
#include "storage/event_log.h"
#include "storage/own_instances.h"

namespace playhead::broker::http_api {

using storage::InstanceInfo;

namespace {

constexpr int kNoContent = 204;

std::string PageJson(const std::vector<InstanceInfo>& rows, size_t page_size) {
  std::string out = R"({"instances":[)";
  for (size_t i = 0; i < rows.size() && i < page_size; ++i) {
    absl::StrAppend(&out, i == 0 ? "" : ",", InstanceJson(InstanceMessage(rows[i])));
  }
  out += ']';
  if (rows.size() > page_size) {
    absl::StrAppend(&out, R"(,"next_page_token":")", EncodePageToken(rows[page_size - 1].name), "\"");
  }
  return out + "}";
}

http::Response JsonResponse(std::string body) { return {.content_type = "application/json", .body = std::move(body)}; }

// Checks a request about one instance, for which the caller needs `permission`.
absl::Status CheckInstanceRequest(const http::Request& request, const Caller& caller, Permission permission) {
  absl::Status status = CheckParameters(request, {kAccessTokenParameter});
  if (status.ok()) status = storage::CheckInstanceName(request.PathParameter("name"));
  if (status.ok()) status = caller.Check(permission, request.PathParameter("name"));
  return status;
}

}  // namespace

void ListInstances(const Services& services, http::Request request, http::Responder responder) {
  std::shared_ptr<Caller> caller = Admit(services, request, Credentials::kSecretOrToken, responder);
  if (caller == nullptr) return;
  auto listing = ReadListing(request, {kAccessTokenParameter});
  if (!listing.ok()) return std::move(responder).Refuse(listing.status());
  // One row more than the page says whether there is another page.
  ListCoveredInstances(services.core.log, std::move(caller), std::move(listing->prefix), std::move(listing->after_name),
                       listing->page_size + 1,
                       [page_size = listing->page_size,
                        responder = std::move(responder)](absl::StatusOr<std::vector<InstanceInfo>> rows) mutable {
                         if (!rows.ok()) return std::move(responder).Refuse(rows.status());
                         std::move(responder).Send(JsonResponse(PageJson(*rows, page_size)));
                       });
}

void GetInstance(const Services& services, http::Request request, http::Responder responder) {
  const std::shared_ptr<Caller> caller = Admit(services, request, Credentials::kSecretOrToken, responder);
  if (caller == nullptr) return;
  absl::Status status = CheckInstanceRequest(request, *caller, Permission::kSubscribe);
  if (!status.ok()) return std::move(responder).Refuse(status);
  services.core.log.GetInstance(std::string(request.PathParameter("name")),
                                [responder = std::move(responder)](absl::StatusOr<InstanceInfo> info) mutable {
                                  if (!info.ok()) return std::move(responder).Refuse(info.status());
                                  std::move(responder).Send(JsonResponse(InstanceJson(InstanceMessage(*info))));
                                });
}

void DeleteInstance(const Services& services, http::Request request, http::Responder responder) {
  const std::shared_ptr<Caller> caller = Admit(services, request, Credentials::kSecret, responder);
  if (caller == nullptr) return;
  absl::Status status = CheckInstanceRequest(request, *caller, Permission::kManage);
  if (!status.ok()) return std::move(responder).Refuse(status);
  std::string name(request.PathParameter("name"));
  if (storage::IsOwnInstance(name)) {
    return std::move(responder).Refuse(
        MakeError(Reason::kPermissionDenied, "this instance is the broker's own: it cannot be deleted"));
  }
  services.deletion.Delete(caller->key_id(), std::move(name),
                           [responder = std::move(responder)](absl::Status deleted) mutable {
                             if (!deleted.ok()) return std::move(responder).Refuse(deleted);
                             std::move(responder).Send({.status = kNoContent});
                           });
}

}  // namespace playhead::broker::http_api
