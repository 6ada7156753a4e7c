#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace rondo::detail::data {

/// Calls the function with every number below `count`, on this thread and others, `most` at a time. When one throws the
/// rest is left out; what was thrown first is thrown when all have ended.
template <class Function>
void side_by_side(std::size_t count, std::size_t most, const Function& function) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr error;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        function(i);
      } catch (...) {
        next = count;
        const std::lock_guard lock(mutex);
        if (!error) error = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> others;
    try {
      while (others.size() + 1 < std::min(count, most)) others.emplace_back(work);
    } catch (const std::system_error&) {
      // No more threads: those that are there do it all.
    }
    work();
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace rondo::detail::data
