// Certificates: the broker's certificate, which is reloaded when its files change, without a restart.
#ifndef PLAYHEAD_BROKER_TLS_CERTIFICATES_H_
#define PLAYHEAD_BROKER_TLS_CERTIFICATES_H_

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/tls/certificate_pem.h"
#include "storage/steady_cond_var.h"

namespace playhead::broker {

// Checks the files every second. When they have changed and then stayed the same for one check (so that a certificate
// and its key need not be replaced atomically), they are read, validated and put in use together: new connections get
// the new certificate, open ones keep theirs. Files that fail validation are logged once and change nothing.
//
// A certificate with less than a week left is logged as a warning when it is loaded, and then every day until it is
// replaced.
//
// Thread safety: all methods may be called from any thread.
// Blocking: Load and the destructor; files are read on a thread of its own.
class Certificates {
 public:
  struct Intervals {
    absl::Duration look = absl::Seconds(1);
    absl::Duration expiry_warning = absl::Hours(24);
  };

  //   FailedPrecondition  as ReadCertificatePem and MakeHttpContext.
  static absl::StatusOr<std::unique_ptr<Certificates>> Load(CertificateFiles files, Intervals intervals);

  ~Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  // Never nullptr.
  std::shared_ptr<const CertificatePem> current() const ABSL_LOCKS_EXCLUDED(mu_);

  // For new connections; the caller keeps it as long as the connection lives.
  std::shared_ptr<boost::asio::ssl::context> HttpContext() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  Certificates(CertificateFiles files, Intervals intervals);
  // Reads and validates the files, and puts them in use.
  absl::Status Reload() ABSL_LOCKS_EXCLUDED(mu_);
  // `judged`: the state of the files when they were last read.
  void Watch(std::string judged) ABSL_LOCKS_EXCLUDED(mu_);
  void WarnIfItExpiresSoon() const ABSL_LOCKS_EXCLUDED(mu_);

  const CertificateFiles files_;
  const Intervals intervals_;

  mutable absl::Mutex mu_;  // Guards the members below it.
  std::shared_ptr<const CertificatePem> pem_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<boost::asio::ssl::context> http_context_ ABSL_GUARDED_BY(mu_);
  storage::SteadyCondVar stop_;  // Signalled when `stopping_` is set.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread watcher_;  // Last: it uses the members above.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_TLS_CERTIFICATES_H_
