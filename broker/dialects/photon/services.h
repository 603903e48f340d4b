// The services photon.whatsapp.v1.MessageService and MediaService: each method that is served has a file of its own.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_SERVICES_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_SERVICES_H_

#include <grpcpp/impl/service_type.h>

#include <memory>
#include <vector>

#include "broker/core.h"
#include "broker/dialects/photon/app_secrets.h"
#include "broker/dialects/photon/options.h"

namespace playhead::broker::photon {

// What is served is SubscribeEvents, FetchMissedEvents and GetUrl; the rest is refused as UNIMPLEMENTED (NOT_SERVED).
// Thread safety: as gRPC calls it.   Ownership: must outlive the gRPC server and the callbacks of the log; borrows what
// `core` refers to, and `app_secrets`.
class Services {
 public:
  // `app_secrets` may be nullptr: then nothing is known of any, and an `app_secret` says nothing.
  Services(const Core& core, const Options& options, AppSecrets* app_secrets);
  ~Services();
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  // To be registered with the gRPC server.
  std::vector<grpc::Service*> all() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_SERVICES_H_
