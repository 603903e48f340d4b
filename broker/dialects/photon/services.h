// The services photon.whatsapp.v1.MessageService and MediaService. Each served method is in a file of its own.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_SERVICES_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_SERVICES_H_

#include <grpcpp/impl/service_type.h>

#include <memory>
#include <vector>

#include "broker/core.h"
#include "broker/dialects/app_secrets.h"
#include "broker/dialects/photon/options.h"
#include "broker/dialects/served_dialect.h"
#include "broker/grpc/stalled_calls.h"

namespace playhead::broker::photon {

// Serves SubscribeEvents, FetchMissedEvents and GetUrl; all other methods are refused as UNIMPLEMENTED (NOT_SERVED).
// Thread safety: as gRPC calls it.   Ownership: borrows its arguments; must outlive the gRPC server and the callbacks
// of the log.
class Services final : public ServedDialect {
 public:
  // `app_secrets` may be nullptr: then an `app_secret` of a call is ignored.
  Services(const Core& core, const Options& options, StalledCalls& stalled_calls, AppSecrets* app_secrets);
  ~Services() override;
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  std::vector<grpc::Service*> grpc_services() override;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_SERVICES_H_
