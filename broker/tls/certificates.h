// Certificates: the broker's certificate, watched while it serves, so that it is renewed without a restart.
#ifndef PLAYHEAD_BROKER_TLS_CERTIFICATES_H_
#define PLAYHEAD_BROKER_TLS_CERTIFICATES_H_

#include <boost/asio/ssl/context.hpp>
#include <cstdint>
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

// Looks at the files every second. When they have changed and then stayed the same for one look (so that a certificate
// and its key need not be replaced in one step) they are read, checked and taken over together: new connections get the
// new certificate, open ones go on. Files that do not pass the checks are logged once and change nothing.
//
// Thread safety: all methods may be called from any thread.
// Blocking: Load and the destructor; files are looked at on a thread of its own.
class Certificates {
 public:
  //   FailedPrecondition  as ReadCertificatePem and MakeHttpContext.
  static absl::StatusOr<std::unique_ptr<Certificates>> Load(CertificateFiles files,
                                                            absl::Duration look_interval = absl::Seconds(1));

  ~Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  // Never nullptr.
  std::shared_ptr<const CertificatePem> current() const ABSL_LOCKS_EXCLUDED(mu_);

  // For connections that are made from now on; the caller keeps it as long as they live.
  std::shared_ptr<boost::asio::ssl::context> HttpContext() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  Certificates(CertificateFiles files, absl::Duration look_interval);
  // Reads, checks and takes over.
  absl::Status Reload() ABSL_LOCKS_EXCLUDED(mu_);
  // `judged`: how the files looked when they were last read.
  void Watch(std::string judged) ABSL_LOCKS_EXCLUDED(mu_);

  const CertificateFiles files_;
  const absl::Duration look_interval_;

  mutable absl::Mutex mu_;  // Guards the members below it.
  std::shared_ptr<const CertificatePem> pem_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<boost::asio::ssl::context> http_context_ ABSL_GUARDED_BY(mu_);
  storage::SteadyCondVar stop_;  // The next one says so.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread watcher_;  // Last: it uses the members above.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_TLS_CERTIFICATES_H_
