#include "tools/tls/dev_certificates.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tools/tls/certificate_authority.h"

namespace playhead::tools {
namespace {

// The name by which MakeDevCertificates recognizes its own authority.
constexpr char kAuthorityName[] = "Playhead development CA";
constexpr char kServerName[] = "Playhead development server";
constexpr absl::Duration kAuthorityLifetime = absl::Hours(24 * 3650);
constexpr absl::Duration kServerLifetime = absl::Hours(24 * 397);

constexpr mode_t kPublic = 0644;
constexpr mode_t kSecret = 0600;

// nullopt if there is no such file.
std::optional<std::string> ReadIfThere(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

absl::Status Failed(const std::string& path) {
  return absl::FailedPreconditionError(
      absl::StrCat("cannot write ", path, ": ", std::generic_category().message(errno)));
}

// Replaces the file atomically, so that a broker that watches it never reads half of it.
absl::Status Write(const std::string& path, const std::string& text, mode_t mode) {
  const std::string temporary = path + ".new";
  unlink(temporary.c_str());  // Left by an interrupted attempt, possibly with another mode.
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return Failed(temporary);
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (close(fd) != 0 || !written) return Failed(temporary);
  if (rename(temporary.c_str(), path.c_str()) != 0) return Failed(path);
  return absl::OkStatus();
}

absl::Status NotOurs(const std::string& path) {
  return absl::FailedPreconditionError(
      absl::StrCat(path, " was not made by this command, and is not overwritten: give an empty folder"));
}

// The folder's authority; nullopt if no file exists. FailedPrecondition if one exists that we did not make.
absl::StatusOr<std::optional<KeyPair>> FindAuthority(const DevCertificates& files) {
  const auto ca = ReadIfThere(files.ca);
  const auto ca_key = ReadIfThere(files.ca_key);
  const auto cert = ReadIfThere(files.cert);
  const auto key = ReadIfThere(files.key);
  if (!ca && !ca_key && !cert && !key) return std::nullopt;
  const KeyPair authority = {ca.value_or(""), ca_key.value_or("")};
  if (CommonName(authority.certificate) != kAuthorityName)
    return NotOurs(ca ? files.ca : cert ? files.cert : files.key);
  if (!KeyFits(authority)) return NotOurs(files.ca_key);
  if (cert && !IsSignedBy(*cert, authority.certificate)) return NotOurs(files.cert);
  if (key && !(cert && KeyFits({*cert, *key}))) return NotOurs(files.key);
  return authority;
}

}  // namespace

absl::StatusOr<DevCertificates> MakeDevCertificates(const std::string& folder, const std::vector<std::string>& hosts) {
  const std::filesystem::path path = folder;
  DevCertificates files = {
      .ca = path / "ca.pem", .ca_key = path / "ca-key.pem", .cert = path / "cert.pem", .key = path / "key.pem"};
  absl::StatusOr<std::optional<KeyPair>> authority = FindAuthority(files);
  if (!authority.ok()) return authority.status();
  files.ca_reused = authority->has_value();
  if (!files.ca_reused) {
    absl::StatusOr<KeyPair> made = MakeAuthority(kAuthorityName, ValidFor(kAuthorityLifetime));
    if (!made.ok()) return made.status();
    *authority = *std::move(made);
  }
  std::vector<std::string> all_hosts = {"localhost", "127.0.0.1", "::1"};
  all_hosts.insert(all_hosts.end(), hosts.begin(), hosts.end());
  const absl::StatusOr<KeyPair> server =
      MakeCertificate(**authority, CertificateUse::kServer, kServerName, all_hosts, ValidFor(kServerLifetime));
  if (!server.ok()) return server.status();

  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return absl::FailedPreconditionError(absl::StrCat("cannot make ", folder, ": ", error.message()));
  if (!files.ca_reused) {
    if (absl::Status status = Write(files.ca_key, (*authority)->private_key, kSecret); !status.ok()) return status;
    if (absl::Status status = Write(files.ca, (*authority)->certificate, kPublic); !status.ok()) return status;
  }
  if (absl::Status status = Write(files.key, server->private_key, kSecret); !status.ok()) return status;
  if (absl::Status status = Write(files.cert, server->certificate, kPublic); !status.ok()) return status;
  return files;
}

}  // namespace playhead::tools
