#pragma once
// A fake web site. Activities run on several threads at once, hence the mutex; and an activity may run twice, so doing
// the same again does no harm.
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "rondo/activity.hpp"

namespace site {

/// What comes as the body of POST /start: {"page":"news","text":"It works."}
struct article {
  std::string page{}, text{};
  /// How many attempts to announce it fail, to see retries (1) and the compensation (9).
  int announcements_fail = 0;
};

class pages {
 public:
  std::string publish(article made) {
    if (made.page.empty()) {
      throw rondo::application_failure("the page has no name", {.type = "BadArticle", .non_retryable = true});
    }
    const std::lock_guard lock(mutex_);
    texts_[made.page] = made.text;
    return "https://example.org/" + made.page;
  }

  void take_down(std::string page) {
    const std::lock_guard lock(mutex_);
    texts_.erase(page);
    rondo::activity::logger().info("page taken down", {{"page", page}});
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> texts_;
};

inline int announce(article made) {
  const int attempt = rondo::activity::info().attempt;
  if (attempt <= made.announcements_fail) throw std::runtime_error("the mail server is out of order");
  return attempt;
}

}  // namespace site
