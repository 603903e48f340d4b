// Nothing that can be read from the real program reveals a secret, whatever clients do with theirs: not its log at the
// most verbose level, its answers, metrics, audit log, command line, environment, store or backups, nor the doctor's
// report.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "playhead/v1/keys.grpc.pb.h"
#include "playhead/v1/webhooks.grpc.pb.h"
#include "tests/integration/photon_client.h"
#include "tests/integration/secrets/credential_uses.h"
#include "tests/integration/secrets/secret_search.h"
#include "tests/integration/vzaps_client.h"
#include "tests/support/broker_process.h"
#include "tests/support/certificate_files.h"
#include "tests/support/http_connection.h"
#include "tests/support/key_client.h"
#include "tests/support/raw_websocket.h"
#include "tests/support/temp_dir.h"

namespace playhead::testing {
namespace {

using ::testing::IsEmpty;

// Fast refusals of wrong secrets are delayed by a second each, concurrently: hence so many clients.
constexpr int kClients = 150;

// A made-up secret: the same in every run, and found in no other text.
std::string MadeUp(uint32_t number) {
  constexpr absl::string_view kCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  std::mt19937 random(number);
  std::string text;
  while (text.size() < 43) text += kCharacters[random() % kCharacters.size()];
  return text;
}

std::string ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The command line and the environment of a process.
std::string AboutProcess(pid_t process) {
  return absl::StrCat(ContentOf(absl::StrCat("/proc/", process, "/cmdline")),
                      ContentOf(absl::StrCat("/proc/", process, "/environ")));
}

// Standard output and standard error of `playhead` with these arguments.
std::string Playhead(const std::vector<std::string>& arguments) {
  const std::string command =
      absl::StrCat(std::getenv("TEST_SRCDIR"), "/playhead/tools/playhead ", absl::StrJoin(arguments, " "), " 2>&1");
  FILE* const pipe = ::popen(command.c_str(), "r");
  std::string said;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) said += static_cast<char>(c);
  ::pclose(pipe);
  return said;
}

// The private number of an EC key (P-256, PKCS #8).
std::string PrivateNumber(const std::string& pem) {
  std::string base64;
  for (const absl::string_view line : absl::StrSplit(pem, '\n')) {
    if (!absl::StartsWith(line, "-----")) absl::StrAppend(&base64, line);
  }
  std::string der;
  EXPECT_TRUE(absl::Base64Unescape(base64, &der));
  const size_t at = der.find(std::string("\x02\x01\x01\x04\x20", 5));  // Version 1, and 32 bytes.
  if (at == std::string::npos) {
    ADD_FAILURE() << "no such key";
    return MadeUp(0);
  }
  return der.substr(at + 5, 32);
}

class SecretsTest : public ::testing::Test {
 protected:
  // Writes a file that only its owner can read.
  std::string Write(const std::string& name, const std::string& text) const {
    const std::string path = folder() + "/" + name;
    std::ofstream(path) << text << "\n";
    ::chmod(path.c_str(), 0600);
    return path;
  }
  std::string folder() const { return dir_.path(); }
  std::string data_dir() const { return folder() + "/store"; }
  std::string log() const { return folder() + "/stderr"; }

  // Starts the broker with the most verbose log.
  void Serve(const std::vector<std::string>& flags) {
    broker_ = Start(flags);
    ASSERT_FALSE(broker_->address().empty()) << ContentOf(log());
    addresses_ = {broker_->address(), broker_->http_address()};
    channel_ = grpc::CreateChannel(addresses_.grpc, grpc::InsecureChannelCredentials());
  }
  std::unique_ptr<BrokerProcess> Start(const std::vector<std::string>& flags) const {
    return std::make_unique<BrokerProcess>(
        data_dir(), "127.0.0.1:0", flags,
        BrokerSurroundings{.environment = {"GRPC_VERBOSITY=DEBUG", "GRPC_TRACE=all"}, .stderr_file = log()});
  }

  const TempDir dir_;
  SecretSearch search_;
  std::unique_ptr<BrokerProcess> broker_;
  BrokerAddresses addresses_;
  std::shared_ptr<grpc::Channel> channel_;
};

// A broker with a secret of every kind.
class CredentialsTest : public SecretsTest {
 protected:
  CredentialsTest() {
    search_.Add("the administrator's secret", admin_);
    search_.Add("the verify token", verify_token_);
    search_.Add("the app secret", app_secret_);
    search_.Add("the app secret before", app_secret_before_);
    search_.Add("what is no secret here", stranger_);
    flags_ = {"--http_listen=127.0.0.1:0", "--admin_secret_file=" + Write("admin", admin_),
              "--webhook_verify_token_file=" + Write("verify", verify_token_), "--webhook_unverified",
              "--backup_dir=" + folder() + "/backups"};
    std::filesystem::create_directory(folder() + "/backups");
  }

  // Creates a key for `device`, and adds its secret to the search.
  v1::CreateKeyResponse MakeKey(const std::string& name) {
    v1::CreateKeyResponse response;
    EXPECT_TRUE(
        KeyClient(channel_, admin_)
            .CreateKey(KeyRequest({v1::PERMISSION_APPEND, v1::PERMISSION_SUBSCRIBE, v1::PERMISSION_MANAGE}, {"device"}),
                       response)
            .ok());
    AddKeySecret(name, response.secret());
    return response;
  }
  // ph_<key id>_<the secret part>
  void AddKeySecret(absl::string_view name, const std::string& secret) {
    search_.Add(name, secret.substr(secret.find('_', 3) + 1));
    secrets_.push_back(secret);
  }
  // In both kinds of tokens, only the signature after the last dot is secret.
  void AddToken(absl::string_view name, const std::string& token) {
    ASSERT_NE(token, "");
    search_.Add(name, token.substr(token.rfind('.') + 1));
    secrets_.push_back(token);
  }
  grpc::Status TrySetAppSecret(const std::string& instance, const std::string& secret) {
    const auto stub = v1::Webhooks::NewStub(channel_);
    grpc::ClientContext context;
    SetSecret(context, admin_);
    v1::SetWebhookSecretRequest request;
    request.set_instance(instance);
    request.set_secret(secret);
    v1::SetWebhookSecretResponse response;
    return stub->SetSecret(&context, request, &response);
  }
  void SetAppSecret(const std::string& instance, const std::string& secret) {
    const grpc::Status status = TrySetAppSecret(instance, secret);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }

  void MakeSecrets() {
    const v1::CreateKeyResponse key = MakeKey("a key");
    KeyClient client(channel_, key.secret());
    EXPECT_TRUE(client.Append("device").ok());
    const v1::CreateKeyResponse rotated = MakeKey("a secret that was replaced");
    v1::RotateKeyRequest rotate;
    rotate.set_id(rotated.key().id());
    v1::RotateKeyResponse replaced;
    EXPECT_TRUE(KeyClient(channel_, admin_).RotateKey(rotate, replaced).ok());
    AddKeySecret("a secret that replaced another", replaced.secret());
    EXPECT_TRUE(KeyClient(channel_, admin_).RevokeKey(MakeKey("a revoked key").key().id()).ok());
    SetAppSecret("device", app_secret_before_);
    SetAppSecret("device", app_secret_);
    SetAppSecret("*", app_secret_);
    const std::string seal = ContentOf(data_dir() + ".seal");
    search_.Add("the key of the seal", seal.substr(0, 64));
    search_.Add("the key of the seal", absl::HexStringToBytes(seal.substr(0, 64)));

    const HttpResponse minted =
        HttpConnection(addresses_.http)
            .Call("POST", "/v1/access_tokens",
                  absl::StrCat("Content-Type: application/json\r\nAuthorization: Bearer ", key.secret(), "\r\n"),
                  R"({"instances":"device"})");
    AddToken("an access token", AccessTokenOf(minted));
    const std::string vzaps_token = AccessTokenOf(PostToken(addresses_.http, TokenBody(key.key().id(), key.secret())));
    AddToken("a token of VZaps", vzaps_token);
    // Clients whose sessions or positions are stored.
    const VZapsConnection vzaps(
        addresses_.http, {.access_token = vzaps_token, .client_token = key.key().id(), .instance_token = key.secret()});
    EXPECT_EQ(vzaps.answer().status, 101);
    PhotonClient photon(addresses_.grpc,
                        {.access_token = key.secret(), .phone_number_id = "device", .app_secret = app_secret_});
    const PhotonOutcome fetched = photon.Fetch("0").outcome;
    EXPECT_TRUE(fetched.status.ok()) << fetched.status.error_message();
    RawWebSocket multiwa(addresses_.http);
    EXPECT_EQ(multiwa.Connect("/ws?apiKey=" + key.secret()).status, 101);
    multiwa.ReceiveMessage();
    multiwa.SendText(R"({"type":"subscribe","payload":{"profileId":"device","events":["*"]}})");
    EXPECT_THAT(multiwa.ReceiveMessage().payload, ::testing::HasSubstr("subscribed"));
    const std::string handshake =
        HttpConnection(addresses_.http)
            .Get(absl::StrCat("/webhook?hub.mode=subscribe&hub.challenge=4711&hub.verify_token=", verify_token_))
            .body;
    EXPECT_EQ(handshake, "4711");
    for (const std::string& secret : {admin_, verify_token_, app_secret_, stranger_}) secrets_.push_back(secret);
  }

  // Uses every secret in every form in every way. Returns all answers of the broker.
  std::vector<std::string> UseAll() {
    const std::vector<CredentialUse> uses = CredentialUses();
    std::vector<std::string> forms;
    for (const std::string& secret : secrets_) {
      for (std::string& form : FormsOf(secret)) forms.push_back(std::move(form));
    }
    std::vector<std::string> answers(uses.size() * forms.size());
    std::atomic<size_t> next = 0;
    const auto work = [&] {
      for (size_t i = next++; i < answers.size(); i = next++) {
        answers[i] = uses[i % uses.size()](addresses_, forms[i / uses.size()]);
      }
    };
    std::vector<std::thread> clients;
    for (int i = 0; i < kClients; ++i) clients.emplace_back(work);
    for (std::thread& client : clients) client.join();
    return answers;
  }

  // What an administrator sees: the audit log, the metrics, the lists.
  std::vector<std::string> Told() {
    const auto get = [this](absl::string_view path) {
      const HttpResponse answer =
          HttpConnection(addresses_.http).Call("GET", path, absl::StrCat("Authorization: Bearer ", admin_, "\r\n"), "");
      EXPECT_EQ(answer.status, 200) << path;
      return answer.body;
    };
    std::vector<std::string> told = {get("/metrics"), get("/v1/instances"), get("/v1/openapi.json"), get("/"),
                                     get("/v1/instances/playhead.audit/events?after=0")};
    EXPECT_THAT(told.back(), ::testing::HasSubstr("audit.key_rotated"));
    ::setenv("PLAYHEAD_KEY", admin_.c_str(), 1);
    ::setenv("PLAYHEAD_TARGET", addresses_.grpc.c_str(), 1);
    told.push_back(Playhead({"keys", "list"}));
    told.push_back(Playhead({"keys", "list", "--json"}));
    told.push_back(Playhead({"webhook", "secrets"}));
    told.push_back(Playhead({"tail", "--help"}));
    told.push_back(Playhead({"backup", "all"}));
    EXPECT_THAT(told.back(), ::testing::HasSubstr("point")) << "of the backup";
    ::setenv("PLAYHEAD_KEY", stranger_.c_str(), 1);
    told.push_back(Playhead({"instances"}));
    EXPECT_THAT(told.back(), ::testing::HasSubstr("UNAUTHENTICATED"));
    ::unsetenv("PLAYHEAD_KEY");
    ::unsetenv("PLAYHEAD_TARGET");
    return told;
  }

  std::string Doctor() const {
    std::vector<std::string> arguments = {"doctor", "--data_dir=" + data_dir(), "--grpc_listen=127.0.0.1:0"};
    arguments.insert(arguments.end(), flags_.begin(), flags_.end());
    std::string said = Playhead(arguments);
    EXPECT_THAT(said, ::testing::HasSubstr("administrator's secret")) << "it looked at what it may not quote";
    return said;
  }

  const std::string admin_ = MadeUp(1);
  const std::string verify_token_ = MadeUp(2);
  const std::string app_secret_before_ = MadeUp(3);
  const std::string app_secret_ = MadeUp(4);
  const std::string stranger_ = MadeUp(5);
  std::vector<std::string> flags_;
  std::vector<std::string> secrets_;  // The credentials that clients send.
};

TEST(SecretSearchTest, AFragmentIsFoundInWhateverFormItHas) {
  SecretSearch search;
  const std::string secret = MadeUp(1);
  search.Add("it", secret);
  search.Add("another", MadeUp(2));
  const std::set<std::string> it = {"it"};
  const std::string part = secret.substr(10, 16);
  for (const std::string& text :
       {secret, part, secret.substr(0, 8), absl::BytesToHexString(part), absl::Base64Escape(part),
        absl::Base64Escape("user:" + secret), absl::WebSafeBase64Escape("k" + secret),
        absl::StrCat("61 ", absl::BytesToHexString(part.substr(0, 1)), " x ", secret.substr(35))}) {
    EXPECT_EQ(search.FindIn(absl::StrCat("level=info said=", text, " more")), it) << text;
  }
  EXPECT_THAT(search.FindIn(MadeUp(3)), IsEmpty());
  EXPECT_THAT(search.FindIn(secret.substr(0, 7)), IsEmpty());
}

TEST_F(CredentialsTest, NoSecretThatClientsSendIsToldKeptOrLogged) {
  ASSERT_NO_FATAL_FAILURE(Serve(flags_));
  ASSERT_NO_FATAL_FAILURE(MakeSecrets());
  const std::vector<std::string> answers = UseAll();
  std::cout << answers.size() << " uses of " << secrets_.size() << " credentials\n";
  for (const std::string& answer : answers) EXPECT_THAT(search_.FindIn(answer), IsEmpty()) << answer;
  for (const std::string& told : Told()) EXPECT_THAT(search_.FindIn(told), IsEmpty()) << told;
  EXPECT_THAT(search_.FindIn(AboutProcess(broker_->pid())), IsEmpty());
  EXPECT_THAT(search_.FindIn(Doctor()), IsEmpty());
  EXPECT_THAT(search_.FindInFolder(data_dir()), IsEmpty());
  EXPECT_EQ(broker_->Terminate(), 0);
  const std::string said = ContentOf(log());
  EXPECT_THAT(said, ::testing::HasSubstr("event=refused"));
  EXPECT_THAT(search_.FindIn(said), IsEmpty());
  EXPECT_THAT(search_.FindIn(Doctor()), IsEmpty());
  EXPECT_THAT(search_.FindInFolder(data_dir()), IsEmpty());
  EXPECT_THAT(search_.FindInFolder(folder() + "/backups"), IsEmpty());
}

TEST_F(CredentialsTest, NoFileThatIsRefusedIsQuoted) {
  const std::string admin = Write("unfit", admin_ + " " + stranger_);
  const std::string shared = Write("shared", verify_token_);
  ASSERT_EQ(::chmod(shared.c_str(), 0644), 0);
  const std::string seal = Write("seal", stranger_);
  for (const std::string& flag : {"--admin_secret_file=" + admin, "--admin_secret_file=" + shared,
                                  "--webhook_verify_token_file=" + admin, "--webhook_verify_token_file=" + shared}) {
    flags_.push_back(flag);
    const std::unique_ptr<BrokerProcess> refused = Start(flags_);
    EXPECT_EQ(refused->address(), "") << flag;
    EXPECT_NE(refused->AwaitExit(), 0);
    EXPECT_THAT(search_.FindIn(Doctor()), IsEmpty());
    flags_.pop_back();
  }
  flags_.push_back("--seal_key_file=" + seal);
  ASSERT_NO_FATAL_FAILURE(Serve(flags_));
  // The file is read when the first secret is to be sealed.
  const grpc::Status refused = TrySetAppSecret("device", app_secret_);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION) << refused.error_message();
  EXPECT_THAT(search_.FindIn(refused.error_message()), IsEmpty());
  EXPECT_EQ(broker_->Terminate(), 0);
  EXPECT_THAT(search_.FindIn(Doctor()), IsEmpty());
  EXPECT_THAT(search_.FindIn(ContentOf(log())), IsEmpty());
}

TEST_F(SecretsTest, ThePrivateKeyOfTlsStaysWithTheBroker) {
  const CertificateFiles files;
  const std::string key = ContentOf(files.key());
  search_.Add("the private key", PrivateNumber(key));
  const std::vector<std::string> flags = {"--http_listen=127.0.0.1:0", "--tls_cert=" + files.cert()};
  // Unusable files: of another certificate, or damaged.
  std::string damaged = key;
  damaged[40] = '*';
  for (const std::string& file :
       {files.client_key(), Write("damaged.pem", damaged), Write("line.pem", key.substr(0, 100))}) {
    std::vector<std::string> all = flags;
    all.push_back("--tls_key=" + file);
    const std::unique_ptr<BrokerProcess> refused = Start(all);
    EXPECT_EQ(refused->address(), "") << file;
    EXPECT_NE(refused->AwaitExit(), 0);
  }
  std::vector<std::string> all = flags;
  all.push_back("--tls_key=" + files.key());
  ASSERT_NO_FATAL_FAILURE(Serve(all));
  const HttpResponse figures = HttpConnection(addresses_.http, files.ca()).Get("/metrics");
  EXPECT_EQ(figures.status, 200);
  EXPECT_THAT(search_.FindIn(figures.body), IsEmpty());
  // Failing handshakes.
  EXPECT_EQ(HttpConnection(addresses_.http).Get("/metrics").status, 400);
  HttpConnection plain(addresses_.grpc);
  plain.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  plain.ReceiveToEnd();
  EXPECT_THAT(search_.FindIn(AboutProcess(broker_->pid())), IsEmpty());
  std::vector<std::string> doctor = {"doctor", "--data_dir=" + data_dir(), "--grpc_listen=127.0.0.1:0"};
  doctor.insert(doctor.end(), all.begin(), all.end());
  const std::string said = Playhead(doctor);
  EXPECT_THAT(said, ::testing::HasSubstr("its key fit"));
  EXPECT_THAT(search_.FindIn(said), IsEmpty());
  EXPECT_EQ(broker_->Terminate(), 0);
  EXPECT_THAT(search_.FindIn(ContentOf(log())), IsEmpty());
  EXPECT_THAT(search_.FindInFolder(data_dir()), IsEmpty());
}

}  // namespace
}  // namespace playhead::testing
