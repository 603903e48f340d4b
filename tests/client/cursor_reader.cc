// A reader that processes each event and then saves the cursor, until it is killed: appends "<cursor> <data>" lines to
// a file as its effect. Arguments: TARGET INSTANCE CURSOR_FOLDER EFFECTS_FILE.

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "client/file_cursor_store.h"

namespace playhead {
namespace {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}

int Run(const char* target, const char* instance, const char* cursors, const char* effects) {
  absl::StatusOr<std::unique_ptr<FileCursorStore>> store = FileCursorStore::Open(cursors);
  if (!store.ok()) return Fail(store.status());
  const absl::StatusOr<Client> made = Client::Create({.target = target});
  if (!made.ok()) return Fail(made.status());
  Client client = *made;
  absl::StatusOr<Subscription> subscription =
      client.Subscribe(instance, Start::Beginning(), {.cursor_store = *std::move(store)});
  if (!subscription.ok()) return Fail(subscription.status());
  const int file = open(effects, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  for (const Event& event : *subscription) {
    const std::string line = absl::StrCat(event.cursor(), " ", event.data(), "\n");
    if (write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return 1;
  }
  return Fail(subscription->status());
}

}  // namespace
}  // namespace playhead

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  return playhead::Run(argv[1], argv[2], argv[3], argv[4]);
}
