// Every way in which a client of any API can send a credential, in the right place and in wrong ones.
#ifndef PLAYHEAD_TESTS_INTEGRATION_SECRETS_CREDENTIAL_USES_H_
#define PLAYHEAD_TESTS_INTEGRATION_SECRETS_CREDENTIAL_USES_H_

#include <functional>
#include <string>
#include <vector>

namespace playhead::testing {

struct BrokerAddresses {
  std::string grpc;  // In plain text, both.
  std::string http;
};

// One use: sends a credential, and returns all that the broker said. May run beside others.
using CredentialUse = std::function<std::string(const BrokerAddresses& broker, const std::string& credential)>;

// None of them asks for a credential in return. The instance that they name is `device`.
std::vector<CredentialUse> CredentialUses();

// `credential` as it is, and in forms that are not right any more.
std::vector<std::string> FormsOf(const std::string& credential);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_INTEGRATION_SECRETS_CREDENTIAL_USES_H_
