#pragma once
#include <cassert>
#include <cstddef>
#include <iterator>
#include <utility>

// Lists that allocate nothing: the links live in the elements.
namespace rondo::detail {

template <class Type, class Tag>
class intrusive_list;

/// Base of elements of an `intrusive_list`; leaves its list when it is destroyed. A type that is in several lists at
/// once has one base per list, told apart by `Tag`.
template <class Tag>
class list_hook {
 public:
  list_hook() = default;
  list_hook(const list_hook&) = delete;
  list_hook& operator=(const list_hook&) = delete;
  ~list_hook() { unlink(); }

  bool is_linked() const noexcept { return next_ != nullptr; }

  /// Leaves the list; nothing happens when it is in none.
  void unlink() noexcept {
    if (next_ == nullptr) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = nullptr;
  }

 private:
  template <class Type, class OtherTag>
  friend class intrusive_list;

  void link_before(list_hook& position) noexcept {
    assert(!is_linked());
    previous_ = position.previous_;
    next_ = &position;
    previous_->next_ = this;
    position.previous_ = this;
  }

  list_hook* previous_ = nullptr;
  list_hook* next_ = nullptr;
};

using list_node = list_hook<void>;

/// Doubly linked list of elements that it does not own. Elements that are still in it when it dies are unlinked.
template <class Type, class Tag = void>
class intrusive_list {
  using hook = list_hook<Tag>;

 public:
  /// In order of insertion. The element it stands on may be unlinked or destroyed, the one after it may not.
  class iterator {
   public:
    using value_type = Type;
    using difference_type = std::ptrdiff_t;

    iterator() = default;
    explicit iterator(hook* at) : at_(at), after_(at->next_) {}
    Type& operator*() const { return static_cast<Type&>(*at_); }
    Type* operator->() const { return static_cast<Type*>(at_); }
    iterator& operator++() {
      at_ = after_;
      after_ = at_->next_;
      return *this;
    }
    iterator operator++(int) {
      auto old = *this;
      ++*this;
      return old;
    }
    friend bool operator==(const iterator& a, const iterator& b) { return a.at_ == b.at_; }

   private:
    hook* at_ = nullptr;
    hook* after_ = nullptr;
  };

  intrusive_list() { root_.previous_ = root_.next_ = &root_; }
  intrusive_list(const intrusive_list&) = delete;
  intrusive_list& operator=(const intrusive_list&) = delete;
  ~intrusive_list() { clear(); }

  bool empty() const noexcept { return root_.next_ == &root_; }
  /// The first element; null when the list is empty.
  Type* front() const noexcept { return empty() ? nullptr : static_cast<Type*>(root_.next_); }
  Type* back() const noexcept { return empty() ? nullptr : static_cast<Type*>(root_.previous_); }

  /// `element` must not be in a list with this tag.
  void push_back(Type& element) noexcept { static_cast<hook&>(element).link_before(root_); }
  void push_front(Type& element) noexcept { static_cast<hook&>(element).link_before(*root_.next_); }

  /// Unlinks the first element and returns it; null when the list is empty.
  Type* pop_front() noexcept {
    Type* first = front();
    if (first != nullptr) static_cast<hook*>(first)->unlink();
    return first;
  }

  /// Moves all elements of `other` to the end of this list, in their order.
  void splice_back(intrusive_list& other) noexcept {
    if (other.empty()) return;
    hook* first = std::exchange(other.root_.next_, &other.root_);
    hook* last = std::exchange(other.root_.previous_, &other.root_);
    first->previous_ = root_.previous_;
    root_.previous_->next_ = first;
    last->next_ = &root_;
    root_.previous_ = last;
  }

  void clear() noexcept {
    while (!empty()) root_.next_->unlink();
  }

  iterator begin() const { return iterator(root_.next_); }
  iterator end() const { return iterator(&root_); }

 private:
  mutable hook root_;  // mutable: end() of a const list names it
};

/// Singly linked queue of elements that have a member `next` (a pointer to their type) and that it does not own.
template <class Type>
class intrusive_queue {
 public:
  intrusive_queue() = default;
  intrusive_queue(intrusive_queue&& other) noexcept
      : head_(std::exchange(other.head_, nullptr)), tail_(std::exchange(other.tail_, nullptr)) {}
  intrusive_queue& operator=(intrusive_queue&& other) noexcept {
    head_ = std::exchange(other.head_, nullptr);
    tail_ = std::exchange(other.tail_, nullptr);
    return *this;
  }

  bool empty() const noexcept { return head_ == nullptr; }
  /// The first element; null when the queue is empty.
  Type* front() const noexcept { return head_; }

  /// `element` must be in no queue.
  void push_back(Type& element) noexcept {
    element.next = nullptr;
    if (head_ == nullptr) {
      head_ = &element;
    } else {
      tail_->next = &element;
    }
    tail_ = &element;
  }

  /// Takes the first element out; null when the queue is empty.
  Type* pop_front() noexcept {
    Type* first = head_;
    if (first != nullptr) {
      head_ = first->next;
      first->next = nullptr;
    }
    return first;
  }

 private:
  Type* head_ = nullptr;
  Type* tail_ = nullptr;  // meaningless while head_ is null
};

}  // namespace rondo::detail
