#include "tools/doctor/configuration.h"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "broker/listen/listen_policy.h"
#include "broker/listen/listen_sockets.h"
#include "broker/option_checks.h"
#include "broker/tls/certificate_pem.h"
#include "tools/doctor/data_folder.h"
#include "tools/doctor/secret_file.h"

namespace playhead::tools {
namespace {

using broker::OptionPart;

// The broker warns at the same time (broker/tls/certificates.cc).
constexpr absl::Duration kExpiryWarning = absl::Hours(24 * 7);

bool IsHandedIn(const std::string& listen) { return absl::StartsWith(listen, "fd:"); }

class Check {
 public:
  Check(const broker::ServerOptions& options, bool broker_runs, absl::Time now)
      : options_(options), broker_runs_(broker_runs), now_(now) {}

  std::vector<Diagnosis> Run() {
    // Sockets that a supervisor hands to the broker are not open in this process.
    broker::ServerOptions judged = options_;
    for (std::string* listen : {&judged.grpc_listen, &judged.http_listen}) {
      if (IsHandedIn(*listen)) *listen = "127.0.0.1:0";
    }
    for (const broker::OptionCheck& check : broker::CheckOptions(judged, now_)) Explain(check);
    if (options_.store.durability != storage::Durability::kDisk) {
      Add({Severity::kNote, "DURABILITY_OS", "durability",
           "--durability=os: what was acknowledged within --sync_interval may be lost when the machine fails",
           "--durability=disk, unless it can be had again"});
    }
    return std::move(all_);
  }

 private:
  void Add(Diagnosis diagnosis) { all_.push_back(std::move(diagnosis)); }

  void Explain(const broker::OptionCheck& check) {
    switch (check.part) {
      case OptionPart::kSizes:
        return Plain("sizes", "SIZES_DO_NOT_FIT", check.status, "they fit one another", "change one of the two");
      case OptionPart::kAdminSecret:
        return AdminSecret(check.status);
      case OptionPart::kBackupDirs:
        return Backups(check.status);
      case OptionPart::kTls:
        return Tls(check.status);
      case OptionPart::kGrpcListen:
        return Listen("gRPC address", options_.grpc_listen, check.status, grpc_);
      case OptionPart::kHttpListen:
        if (!options_.http_listen.empty()) Listen("HTTP address", options_.http_listen, check.status, http_);
        return;
      case OptionPart::kVerifyToken:
        if (!options_.webhook.verify_token_file.empty()) {
          Secret("verify token", options_.webhook.verify_token_file, check.status);
        }
        return;
      case OptionPart::kCorsOrigins:
        if (options_.http_cors_origins.empty()) return;
        return Plain("web pages", "CORS_ORIGIN_INVALID", check.status, "--http_cors_origins are origins",
                     "as browsers send it: https://app.example, without a path");
      case OptionPart::kReplays:
        if (options_.replay_endpoints.empty() && options_.replay_ca_file.empty()) return;
        return Plain("replays", "REPLAYS_UNFIT", check.status, "--replay_endpoints and --replay_ca can be used",
                     "endpoints are http:// or https:// URLs without a query; the authorities are a file in PEM");
    }
  }

  // Adds a problem if the broker would refuse the option, otherwise `good`.
  void Plain(absl::string_view subject, absl::string_view code, const absl::Status& status, absl::string_view good,
             absl::string_view advice) {
    Diagnosis out{.subject = std::string(subject), .finding = std::string(good)};
    if (!status.ok()) {
      out.severity = Severity::kProblem;
      out.code = std::string(code);
      out.finding = std::string(status.message());
      out.advice = std::string(advice);
    }
    Add(std::move(out));
  }

  void Secret(absl::string_view subject, const std::string& file, const absl::Status& status) {
    Diagnosis out = CheckSecretFile(subject, file, /*is_optional=*/false);
    if (out.severity == Severity::kGood && !status.ok()) {
      out = {Severity::kProblem, "SECRET_FILE_UNFIT", out.subject, std::string(status.message()),
             "write such a line into it"};
    }
    Add(std::move(out));
  }

  void AdminSecret(const absl::Status& status) {
    if (!options_.admin_secret_file.empty()) {
      return Secret("administrator's secret", options_.admin_secret_file, status);
    }
    Add({Severity::kNote, "NO_ADMIN_SECRET", "administrator's secret",
         "none: as long as the store holds no key, whoever reaches the broker may do everything",
         "--admin_secret_file=FILE, unless it is your own machine"});
  }

  void Backups(const absl::Status& status) {
    if (options_.backup_dirs.empty()) return;
    if (!status.ok()) {
      return Add({Severity::kProblem, "BACKUP_DIR_REFUSED", "backups", std::string(status.message()),
                  "name a folder of another disk, from the root"});
    }
    for (const std::string& dir : options_.backup_dirs) {
      const std::string there = ExistingFolder(dir);
      struct stat backups = {};
      struct stat data = {};
      if (::access(there.c_str(), W_OK | X_OK) != 0 || ::stat(there.c_str(), &backups) != 0 ||
          !S_ISDIR(backups.st_mode)) {
        Add({Severity::kProblem, "BACKUP_DIR_NOT_WRITABLE", "backups", absl::StrCat(there, " is not writable"),
             "give it to the user that the broker runs as; in a unit, ReadWritePaths="});
      } else if (::stat(ExistingFolder(options_.store.data_dir).c_str(), &data) == 0 && data.st_dev == backups.st_dev) {
        Add({Severity::kNote, "BACKUP_ON_THE_SAME_DISK", "backups",
             absl::StrCat(dir, " is on the file system of the store: what takes the one takes the other"),
             "keep backups on another disk, or copy them elsewhere"});
      } else {
        Add({.subject = "backups", .finding = absl::StrCat(dir, " is writable, and on another file system")});
      }
    }
  }

  void Tls(const absl::Status& status) {
    if (options_.tls.empty()) return;
    Plain("TLS", "TLS_UNFIT", status, "", "give --tls_cert and --tls_key that belong together and are valid now");
    if (!status.ok()) return;
    const auto pem = broker::ReadCertificatePem(options_.tls, now_);
    if (!pem.ok()) return;  // The file was replaced since the check.
    const absl::Duration left = pem->expires_at - now_;
    all_.back().finding = absl::StrCat(options_.tls.cert, " and its key fit; it expires at ",
                                       absl::FormatTime(absl::RFC3339_sec, pem->expires_at, absl::UTCTimeZone()),
                                       ", in ", left / absl::Hours(24), " days");
    if (left < kExpiryWarning) {
      all_.back().severity = Severity::kWarning;
      all_.back().code = "TLS_EXPIRES_SOON";
      all_.back().advice = "replace the files: the broker takes them over without a restart";
    }
    struct stat key = {};
    if (::stat(options_.tls.key.c_str(), &key) == 0 && (key.st_mode & S_IROTH) != 0) {
      Add({Severity::kWarning, "TLS_KEY_SHARED", "TLS",
           absl::StrCat("every user of the machine may read ", options_.tls.key),
           absl::StrCat("chmod o-r ", options_.tls.key)});
    }
  }

  // Keeps the sockets in `opened`, so that a second listener on the same address fails.
  void Listen(absl::string_view subject, const std::string& listen, const absl::Status& status,
              std::optional<broker::ListenSockets>& opened) {
    Diagnosis out{.subject = std::string(subject)};
    if (IsHandedIn(listen)) {
      out = {Severity::kNote, "LISTEN_HANDED_IN", out.subject,
             absl::StrCat(listen, " is handed to the broker by whoever starts it: not to be looked at from here"), ""};
      return Add(std::move(out));
    }
    if (!status.ok()) {
      out = {Severity::kProblem, "LISTEN_REFUSED", out.subject, std::string(status.message()),
             "give --tls_cert, --tls_key and --admin_secret_file, or listen on 127.0.0.1"};
      return Add(std::move(out));
    }
    auto sockets = broker::ListenSockets::Open(listen);
    if (!sockets.ok() && broker_runs_) {
      Add({Severity::kNote, "LISTEN_IN_USE", out.subject,
           absl::StrCat(sockets.status().message(), "; the broker of this store runs, and may be it"), ""});
    } else if (!sockets.ok()) {
      Add({Severity::kProblem, "LISTEN_FAILS", out.subject, std::string(sockets.status().message()),
           "end what listens there (ss -ltnp), or choose another port, or an address of this machine"});
    } else {
      opened.emplace(*std::move(sockets));
      out.finding = absl::StrCat(listen, " is free");
      Add(std::move(out));
    }
    Reachable(subject, listen);
  }

  // Checks what protects an address that others can reach.
  void Reachable(absl::string_view subject, const std::string& listen) {
    const bool has_tls = !options_.tls.empty();
    const bool has_secret = !options_.admin_secret_file.empty();
    if ((has_tls && has_secret) || broker::CheckListen(listen, {}).ok()) return;
    if (options_.allow_anyone_on_the_network) {
      Add({Severity::kWarning, "ANYONE_ON_THE_NETWORK", std::string(subject),
           absl::StrCat("others can reach ", listen, has_tls ? "" : ", in plain text",
                        has_secret ? "" : ", and without a key unless the store holds one"),
           "take --insecure_allow_anyone_on_the_network away, unless something else guards it"});
    } else {
      Add({Severity::kNote, "LISTEN_NEEDS_A_KEY", std::string(subject),
           absl::StrCat("others can reach ", listen,
                        ": refused unless the store holds a key, which is seen at the start"),
           "--admin_secret_file=FILE does without one"});
    }
  }

  const broker::ServerOptions& options_;
  const bool broker_runs_;
  const absl::Time now_;
  std::vector<Diagnosis> all_;
  std::optional<broker::ListenSockets> grpc_;
  std::optional<broker::ListenSockets> http_;
};

}  // namespace

std::vector<Diagnosis> CheckConfiguration(const broker::ServerOptions& options, bool broker_runs, absl::Time now) {
  return Check(options, broker_runs, now).Run();
}

}  // namespace playhead::tools
