#pragma once

namespace rondo::detail::io {

/// Ends calls from outside: all calls that were given the token, present and future.
/// Loop thread only; outlives the calls.
class call_token {
 public:
  /// An operation that wants to know. It must not leave the list inside its callbacks.
  class hook {
   public:
    hook() = default;
    hook(const hook&) = delete;
    hook& operator=(const hook&) = delete;

    virtual void on_cancel() = 0;
    virtual void on_stop_retries() {}

    void attach(call_token& token) noexcept {
      token_ = &token;
      next_ = token.first_;
      if (next_) next_->previous_ = this;
      token.first_ = this;
    }

    void detach() noexcept {
      if (!token_) return;
      (previous_ ? previous_->next_ : token_->first_) = next_;
      if (next_) next_->previous_ = previous_;
      token_ = nullptr;
      previous_ = nullptr;
      next_ = nullptr;
    }

   protected:
    ~hook() { detach(); }

   private:
    friend class call_token;
    call_token* token_ = nullptr;
    hook* previous_ = nullptr;
    hook* next_ = nullptr;
  };

  call_token() = default;
  call_token(const call_token&) = delete;
  call_token& operator=(const call_token&) = delete;

  /// Every attempt ends now with CANCELLED, and none is begun any more.
  void cancel() {
    if (cancelled_) return;
    cancelled_ = true;
    retries_stopped_ = true;
    for (hook* each = first_; each; each = each->next_) each->on_cancel();
  }

  /// The attempts under way may end as they will, but no other follows: the call then returns its last status.
  void stop_retries() {
    if (retries_stopped_) return;
    retries_stopped_ = true;
    for (hook* each = first_; each; each = each->next_) each->on_stop_retries();
  }

  bool cancelled() const noexcept { return cancelled_; }
  bool retries_stopped() const noexcept { return retries_stopped_; }

 private:
  hook* first_ = nullptr;
  bool cancelled_ = false;
  bool retries_stopped_ = false;
};

}  // namespace rondo::detail::io
