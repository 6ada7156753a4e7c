// Preloaded into a program, it lets a test move the clock on the program's wall while the program runs: by the number
// of nanoseconds in the file that WALL_CLOCK_OFFSET names. The steady clock goes on as ever.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

const std::atomic<std::int64_t>* map_offset() {
  static const std::atomic<std::int64_t> none{0};
  const char* file = std::getenv("WALL_CLOCK_OFFSET");
  const int descriptor = file == nullptr ? -1 : ::open(file, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return &none;
  void* mapped = ::mmap(nullptr, sizeof none, PROT_READ, MAP_SHARED, descriptor, 0);
  ::close(descriptor);
  return mapped == MAP_FAILED ? &none : static_cast<const std::atomic<std::int64_t>*>(mapped);
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const auto failed = ::syscall(SYS_clock_gettime, clock, now);
  if (failed != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return static_cast<int>(failed);
  static const std::atomic<std::int64_t>* const offset = map_offset();
  constexpr std::int64_t second = 1'000'000'000;
  const std::int64_t time = now->tv_sec * second + now->tv_nsec + offset->load();
  now->tv_sec = time / second;
  now->tv_nsec = time % second;
  return 0;
}

int gettimeofday(timeval* now, void*) noexcept {
  timespec precise{};
  clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* to) noexcept {
  timespec precise{};
  clock_gettime(CLOCK_REALTIME, &precise);
  if (to != nullptr) *to = precise.tv_sec;
  return precise.tv_sec;
}

}  // extern "C"
