// Verifies a store that no broker has open, and a backup, from their files.
#ifndef PLAYHEAD_STORAGE_VERIFY_VERIFY_FILES_H_
#define PLAYHEAD_STORAGE_VERIFY_VERIFY_FILES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "storage/options.h"
#include "storage/store_jobs.h"

namespace playhead::storage {

// Checks the write-ahead log, and everything that Verifier checks. Changes nothing; if the folder is writable, keeps
// brokers out meanwhile.
//   NotFound            there is no store.
//   FailedPrecondition  a broker has it open; or it has another format version.
//   Unavailable         STORE_UNAVAILABLE: this process may not read a file, or has too few descriptors for it. What
//                       counts as that, and what as damage, is in read_refusal.h.
//   Others              as Verifier::Run. A store that cannot be opened because it is damaged, or because the disk
//                       fails, is a finding, not an error.
absl::StatusOr<VerifyProgress> VerifyDataDir(const StoreOptions& store, const VerifyOptions& options,
                                             const JobControl& control, const VerifyListener& listener);

// Checks the checksums of all files of all points, each file once; and the content of one point, without restoring it.
// `point` 0 is the newest that can be opened.
//   NotFound            BACKUP_NOT_FOUND.
//   Others              as above.
absl::StatusOr<VerifyProgress> VerifyBackup(const std::string& backup_dir, uint32_t point, const VerifyOptions& options,
                                            const JobControl& control, const VerifyListener& listener);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_VERIFY_VERIFY_FILES_H_
