#pragma once
#include <exception>

#include "rondo/failure.hpp"

namespace rondo {

/// Says what exceptions travel as, and what is thrown for the failures that come. Set in `data_options::failures` of a
/// client; its workers do the same. Both ends may have one, or only one of them.
///
/// Exceptions and failures are chains of causes: each member is asked about by itself, the innermost first when they
/// come. What is made here and is not a rondo::failure is treated like any other exception.
///
/// Workflows ask it, on replay too: the answer must follow from the argument alone, and there may be no side effect.
/// Several threads may ask at a time. What it throws is not lost: the failure is then converted as without a converter,
/// and its stack trace says why.
class failure_converter {
 public:
  failure_converter() = default;
  failure_converter(const failure_converter&) = delete;
  failure_converter& operator=(const failure_converter&) = delete;
  virtual ~failure_converter() = default;

  /// What is written for an exception that leaves an activity, a workflow or a handler: mostly an application_failure,
  /// made anew each time. Null: the exception itself. What is made here without a cause gets that of `error`.
  /// Workflows still fail only by failures and by exceptions that are listed as theirs; see exception_list.
  /// cancelled_failure is not asked about, but activity_failure and all other kinds of rondo::failure are: a bare
  /// `catch (const std::exception&)` takes them too, so let `catch (const failure&) { return nullptr; }` come before.
  virtual std::exception_ptr to_failure([[maybe_unused]] const std::exception_ptr& error) const { return nullptr; }

  /// What is thrown for a failure that was received: an exception of one's own, or a failure with other contents, made
  /// anew each time. Null: `received` itself. A failure that is made here without a cause gets that of `received`; any
  /// other exception loses it, unless it carries `received.cause()` itself with std::throw_with_nested. A class that
  /// derives from the type of `received` and copies it is thrown on without a loss; for others to_failure() has to say
  /// what they are. cancelled_failure is not asked about, nor is what a call of an activity, child workflow,
  /// Nexus operation or client throws, but for its causes: cause_as() finds exceptions of one's own there.
  virtual std::exception_ptr to_exception([[maybe_unused]] const failure& received) const { return nullptr; }
};

}  // namespace rondo
