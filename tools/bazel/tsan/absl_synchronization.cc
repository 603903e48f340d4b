// Shows Abseil's locks to the thread sanitizer.
//
// Debian's Abseil is not instrumented: the sanitizer does not see locks taken inside libabsl_synchronization.so, and
// reports everything that they guard as a race. So this file redefines the functions that synchronize threads. A
// program's definition of a symbol takes precedence over a shared library's: our code, gRPC and Abseil itself call the
// ones below. Each annotates the operation and calls the library's function. The placement of the annotations and their
// flags follow Abseil's mutex.cc (20220623), which has them for builds with the sanitizer. Functions in Abseil's
// headers are compiled with our code and need nothing here.
//
// Inside a lock operation the sanitizer ignores accesses: those of an absl::Condition are checked only when Await
// first evaluates it, in the waiting thread, and not while it sleeps.
#include <sanitizer/tsan_interface.h>

#include <atomic>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "tools/bazel/tsan/original.h"

namespace absl {
ABSL_NAMESPACE_BEGIN

using playhead::tsan::Original;
using synchronization_internal::KernelTimeout;

namespace {

constexpr unsigned kWrite = 0;
constexpr unsigned kRead = __tsan_mutex_read_lock;

// Whether a held mutex is held for writing or reading, from its state: kMuWriter of mutex.cc.
unsigned FlagsOf(const std::atomic<intptr_t>& held) {
  return (held.load(std::memory_order_relaxed) & 0x0008) != 0 ? kWrite : kRead;
}

// The span of an operation that locks a mutex, or tries to.
class Taking {
 public:
  Taking(Mutex* mutex, unsigned flags) : mutex_(mutex), flags_(flags) { __tsan_mutex_pre_lock(mutex_, flags_); }
  ~Taking() { __tsan_mutex_post_lock(mutex_, flags_, 0); }
  Taking(const Taking&) = delete;
  Taking& operator=(const Taking&) = delete;
  void Failed() { flags_ |= __tsan_mutex_try_lock_failed; }

 private:
  Mutex* const mutex_;
  unsigned flags_;
};

// The span of an operation that unlocks a mutex. Another thread may destroy the mutex during it.
class Giving {
 public:
  Giving(Mutex* mutex, unsigned flags) : mutex_(mutex), flags_(flags) { __tsan_mutex_pre_unlock(mutex_, flags_); }
  ~Giving() { __tsan_mutex_post_unlock(mutex_, flags_); }
  Giving(const Giving&) = delete;
  Giving& operator=(const Giving&) = delete;

 private:
  Mutex* const mutex_;
  const unsigned flags_;
};

}  // namespace

Mutex::~Mutex() {
  static auto* const original = Original<void(Mutex*)>("_ZN4absl7debian35MutexD1Ev");
  original(this);
  __tsan_mutex_destroy(this, __tsan_mutex_not_static);
}

void Mutex::Lock() {
  static auto* const original = Original<void(Mutex*)>("_ZN4absl7debian35Mutex4LockEv");
  const Taking taking(this, kWrite);
  original(this);
}

void Mutex::Unlock() {
  static auto* const original = Original<void(Mutex*)>("_ZN4absl7debian35Mutex6UnlockEv");
  const Giving giving(this, kWrite);
  original(this);
}

bool Mutex::TryLock() {
  static auto* const original = Original<bool(Mutex*)>("_ZN4absl7debian35Mutex7TryLockEv");
  Taking taking(this, kWrite | __tsan_mutex_try_lock);
  const bool taken = original(this);
  if (!taken) taking.Failed();
  return taken;
}

void Mutex::ReaderLock() {
  static auto* const original = Original<void(Mutex*)>("_ZN4absl7debian35Mutex10ReaderLockEv");
  const Taking taking(this, kRead);
  original(this);
}

void Mutex::ReaderUnlock() {
  static auto* const original = Original<void(Mutex*)>("_ZN4absl7debian35Mutex12ReaderUnlockEv");
  const Giving giving(this, kRead);
  original(this);
}

bool Mutex::ReaderTryLock() {
  static auto* const original = Original<bool(Mutex*)>("_ZN4absl7debian35Mutex13ReaderTryLockEv");
  Taking taking(this, kRead | __tsan_mutex_try_lock);
  const bool taken = original(this);
  if (!taken) taking.Failed();
  return taken;
}

void Mutex::LockWhen(const Condition& cond) {
  static auto* const original =
      Original<void(Mutex*, const Condition&)>("_ZN4absl7debian35Mutex8LockWhenERKNS0_9ConditionE");
  const Taking taking(this, kWrite);
  original(this, cond);
}

// LockWhenWithTimeout calls this one.
bool Mutex::LockWhenWithDeadline(const Condition& cond, absl::Time deadline) {
  static auto* const original = Original<bool(Mutex*, const Condition&, absl::Time)>(
      "_ZN4absl7debian35Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  const Taking taking(this, kWrite);
  return original(this, cond, deadline);
}

void Mutex::ReaderLockWhen(const Condition& cond) {
  static auto* const original =
      Original<void(Mutex*, const Condition&)>("_ZN4absl7debian35Mutex14ReaderLockWhenERKNS0_9ConditionE");
  const Taking taking(this, kRead);
  original(this, cond);
}

// ReaderLockWhenWithTimeout calls this one.
bool Mutex::ReaderLockWhenWithDeadline(const Condition& cond, absl::Time deadline) {
  static auto* const original = Original<bool(Mutex*, const Condition&, absl::Time)>(
      "_ZN4absl7debian35Mutex26ReaderLockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  const Taking taking(this, kRead);
  return original(this, cond, deadline);
}

// Await, AwaitWithTimeout and AwaitWithDeadline call this one if the condition does not hold at once.
bool Mutex::AwaitCommon(const Condition& cond, KernelTimeout timeout) {
  static auto* const original = Original<bool(Mutex*, const Condition&, KernelTimeout)>(
      "_ZN4absl7debian35Mutex11AwaitCommonERKNS0_9ConditionENS0_24synchronization_internal13KernelTimeoutE");
  const unsigned flags = FlagsOf(mu_);
  { const Giving giving(this, flags); }
  const Taking taking(this, flags);
  return original(this, cond, timeout);
}

// Wait, WaitWithTimeout and WaitWithDeadline call this one.
bool CondVar::WaitCommon(Mutex* mutex, KernelTimeout timeout) {
  static auto* const original = Original<bool(CondVar*, Mutex*, KernelTimeout)>(
      "_ZN4absl7debian37CondVar10WaitCommonEPNS0_5MutexENS0_24synchronization_internal13KernelTimeoutE");
  const unsigned flags = FlagsOf(mutex->mu_);
  { const Giving giving(mutex, flags); }
  const Taking taking(mutex, flags);
  return original(this, mutex, timeout);
}

// A Notification locks its mutex with the functions above, but late readers bypass it.

void Notification::Notify() {
  static auto* const original = Original<void(Notification*)>("_ZN4absl7debian312Notification6NotifyEv");
  __tsan_release(&notified_yet_);
  original(this);
}

void Notification::WaitForNotification() const {
  static auto* const original =
      Original<void(const Notification*)>("_ZNK4absl7debian312Notification19WaitForNotificationEv");
  original(this);
  __tsan_acquire(const_cast<std::atomic<bool>*>(&notified_yet_));
}

bool Notification::WaitForNotificationWithTimeout(absl::Duration timeout) const {
  static auto* const original = Original<bool(const Notification*, absl::Duration)>(
      "_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE");
  const bool notified = original(this, timeout);
  if (notified) __tsan_acquire(const_cast<std::atomic<bool>*>(&notified_yet_));
  return notified;
}

bool Notification::WaitForNotificationWithDeadline(absl::Time deadline) const {
  static auto* const original = Original<bool(const Notification*, absl::Time)>(
      "_ZNK4absl7debian312Notification31WaitForNotificationWithDeadlineENS0_4TimeE");
  const bool notified = original(this, deadline);
  if (notified) __tsan_acquire(const_cast<std::atomic<bool>*>(&notified_yet_));
  return notified;
}

// A counter locks its mutex only when it reaches zero; before that, its number synchronizes. Wait needs nothing more.
bool BlockingCounter::DecrementCount() {
  static auto* const original = Original<bool(BlockingCounter*)>("_ZN4absl7debian315BlockingCounter14DecrementCountEv");
  __tsan_acquire(&count_);
  __tsan_release(&count_);
  return original(this);
}

ABSL_NAMESPACE_END
}  // namespace absl
