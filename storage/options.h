// The options of the store. Those that an operator may set have a flag of the same name (tools/cli/serve_flags.cc); only
// tests and benchmarks change the others: commit_bytes_max, slice_bytes, idle_instances_max, resolver_threads and env.
// The limits fixed by the contract are in storage/limits.h.
#ifndef PLAYHEAD_STORAGE_OPTIONS_H_
#define PLAYHEAD_STORAGE_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "storage/types.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace playhead::storage {

struct StoreOptions {
  // The store's folder. Created if absent.
  std::string data_dir;

  // What an acknowledgement means, for the whole store.
  Durability durability = Durability::kDisk;
  // With Durability::kOs: how long an acknowledged append may stay unsynced.
  absl::Duration sync_interval = absl::Seconds(1);

  // Open a store whose write-ahead log is damaged in the middle, without the data after the damage.
  bool accept_truncation = false;

  // Appends and other first uses of a new name create an instance. If false, they fail with NOT_FOUND.
  bool create_instances = true;
  // How many instances there may be.
  uint64_t instances_max = 10'000'000;

  // How long an event's id is remembered, unless its append says otherwise; and the maximum number of identities:
  // beyond it, every window is shortened.
  absl::Duration dedup_window = absl::Hours(24);
  uint64_t dedup_entries_max = 50'000'000;

  // Bytes of appends queued and not yet stored, over all sessions; beyond that, appends are refused
  // (APPEND_QUEUE_FULL).
  size_t append_queue_bytes_max = size_t{64} << 20;
  // One commit writes about this much to the write-ahead log, plus the append or the change that filled it up.
  size_t commit_bytes_max = size_t{4} << 20;

  // Appends are refused (DISK_LOW) while less than this is free on the disk; reads go on.
  uint64_t disk_free_bytes_min = uint64_t{256} << 20;

  // The size of a slice of the log at which the next one begins (storage/blocks/block_store.h).
  uint64_t slice_bytes = uint64_t{1} << 30;

  // The write-ahead log is kept below about this size, which bounds the time of a restart.
  uint64_t wal_bytes_max = uint64_t{256} << 20;
  // Memory for RocksDB's block cache, and for data not yet written to files, over all families.
  size_t block_cache_bytes = size_t{32} << 20;
  size_t write_buffer_bytes = size_t{64} << 20;

  // How many instances stay in memory with their heads although nothing holds them.
  size_t idle_instances_max = 4096;

  // Threads that read for subscribers and fetches, and that resolve identities before a commit.
  int reader_threads = 2;
  int resolver_threads = 2;

  // The file system, for tests that make it fail; nullptr is the real file system. Must outlive the store.
  rocksdb::Env* env = nullptr;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_OPTIONS_H_
