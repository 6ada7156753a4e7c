#pragma once
#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "rondo/deployment_version.hpp"
#include "rondo/log.hpp"
#include "rondo/rpc_error.hpp"
#include "rondo/serverless/budget.hpp"
#include "rondo/serverless/invocation.hpp"
#include "rondo/serverless/options.hpp"
#include "rondo/serverless/report.hpp"

namespace rondo::serverless {

/// Thrown inside of an invocation that cannot work.
class invocation_error : public std::runtime_error {
 public:
  invocation_error(std::string type, const std::string& text) : std::runtime_error(text), type_(std::move(type)) {}
  /// "Runtime.NotEnoughTime" and the like.
  const std::string& type() const noexcept { return type_; }

 private:
  std::string type_;
};

inline std::string text_of(duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
}
inline std::string text_of(const worker_deployment_version& version) {
  return version.deployment_name + "." + version.build_id;
}
inline void require_version(const invocation& what, const options& how) {
  if (what.wanted.empty() || what.wanted == how.version) return;
  throw invocation_error("Runtime.WrongVersion",
                         "the invocation asks for version " + text_of(what.wanted) + ", but this program is " +
                             (how.version.empty() ? "not versioned" : "version " + text_of(how.version)) +
                             ": it would find none of that work; deploy the version that is asked for, or give the "
                             "version another compute configuration");
}
inline void require_time(const budget& times, const options& how) {
  if (times.verdict != verdict::none) return;
  throw invocation_error("Runtime.NotEnoughTime", "the timeout leaves almost no time for work: " + text_of(times.work) +
                                                      " besides a shutdown buffer of " + text_of(how.limits.buffer()) +
                                                      "; raise the function's timeout to at least " +
                                                      text_of(how.limits.buffer() + how.limits.warn_work) +
                                                      ", or lower stop_timeout (" + text_of(how.limits.stop_timeout) +
                                                      ")");
}
inline void warn_of_time(const budget& times, const options& how) {
  how.worker.logger.warn(
      "the timeout leaves little time for work",
      {{"workMs", std::chrono::duration_cast<std::chrono::milliseconds>(times.work).count()},
       {"shutdownBufferMs", std::chrono::duration_cast<std::chrono::milliseconds>(how.limits.buffer()).count()}});
}
inline void explain(const std::exception_ptr& problem, report& into) {
  into.reason = end_reason::error;
  try {
    std::rethrow_exception(problem);
  } catch (const invocation_error& known) {
    into.error = known.what();
    into.error_type = known.type();
  } catch (const rpc_error& failed) {
    into.error = failed.what();
    into.error_type = "Runtime.ServerError";
  } catch (const std::invalid_argument& wrong) {
    into.error = wrong.what();
    into.error_type = "Runtime.InvalidConfig";
  } catch (const std::exception& other) {
    into.error = other.what();
    into.error_type = "Function.Error";
  } catch (...) {
    into.error = "something was thrown that is no std::exception";
    into.error_type = "Function.Error";
  }
}

}  // namespace rondo::serverless
