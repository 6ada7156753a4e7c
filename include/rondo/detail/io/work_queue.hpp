#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace rondo::detail::io {

/// One piece of work in a work_queue.
class work_node {
 public:
  work_node() = default;
  work_node(const work_node&) = delete;
  work_node& operator=(const work_node&) = delete;
  virtual ~work_node() = default;
  virtual void run() = 0;

 private:
  friend class work_queue;
  work_node* next_ = nullptr;
};

template <class Function>
class work final : public work_node {
 public:
  explicit work(Function function) : function_(std::move(function)) {}
  void run() override { std::move(function_)(); }

 private:
  Function function_;
};

template <class Function>
std::unique_ptr<work_node> make_work(Function&& function) {
  return std::make_unique<work<std::decay_t<Function>>>(std::forward<Function>(function));
}

/// FIFO of owned work; work left in it is destroyed without having run.
class work_queue {
 public:
  work_queue() = default;
  work_queue(const work_queue&) = delete;
  work_queue& operator=(const work_queue&) = delete;
  ~work_queue() { clear(); }

  bool empty() const noexcept { return head_ == nullptr; }

  void push(std::unique_ptr<work_node> node) noexcept {
    work_node* added = node.release();
    (tail_ ? tail_->next_ : head_) = added;
    tail_ = added;
  }

  std::unique_ptr<work_node> pop() noexcept {
    std::unique_ptr<work_node> node(head_);
    if (node) {
      head_ = node->next_;
      if (!head_) tail_ = nullptr;
    }
    return node;
  }

  /// Moves all of `other` to the end of this queue.
  void append(work_queue& other) noexcept {
    if (other.empty()) return;
    (tail_ ? tail_->next_ : head_) = other.head_;
    tail_ = other.tail_;
    other.head_ = nullptr;
    other.tail_ = nullptr;
  }

  /// Destroys all work, also what the destructors add meanwhile.
  void clear() noexcept {
    while (pop()) {
    }
  }

 private:
  work_node* head_ = nullptr;
  work_node* tail_ = nullptr;
};

}  // namespace rondo::detail::io
