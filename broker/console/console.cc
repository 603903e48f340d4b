#include "broker/console/console.h"

#include <openssl/sha.h>

#include <array>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http/response.h"

namespace playhead::broker::console {
namespace {

constexpr char kPage[] =
#include "broker/console/page.inc"
    ;
constexpr char kScript[] =
#include "broker/console/script.inc"
    ;
constexpr char kStyle[] =
#include "broker/console/style.inc"
    ;

// The hash of an element's content, in the form of Content Security Policy (CSP Level 3, 2.3.1).
std::string HashSource(absl::string_view content) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), hash.data());
  return absl::StrCat(
      "'sha256-", absl::Base64Escape(absl::string_view(reinterpret_cast<const char*>(hash.data()), hash.size())), "'");
}

// Allows only what it names. Trusted types keep text from becoming markup or script, even by mistake.
std::string Policy() {
  return absl::StrCat("default-src 'none'; script-src ", HashSource(kScript), "; style-src ", HashSource(kStyle),
                      "; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
                      "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'");
}

http::Response Page() {
  return {.content_type = "text/html; charset=utf-8",
          .body = absl::StrReplaceAll(kPage, {{"@style@", kStyle}, {"@script@", kScript}}),
          .headers = {{"Content-Security-Policy", Policy()},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      {"Cross-Origin-Resource-Policy", "same-origin"},
                      {"Referrer-Policy", "no-referrer"}}};
}

}  // namespace

void AddRoutes(http::Router& router) {
  router.Add(http::Verb::get, "/", {},
             [page = Page()](http::Request, http::Responder responder) { std::move(responder).Send(page); });
}

}  // namespace playhead::broker::console
