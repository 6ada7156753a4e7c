#pragma once
#include <asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rondo/client/call.hpp"
#include "rondo/client/start.hpp"
#include "rondo/detail/client/session.hpp"

namespace rondo {

namespace detail::calls {

/// What one request for a part of a list gives.
template <class Item>
class page {
 public:
  std::vector<Item> items;
  /// Where the next one begins; empty: there is none.
  std::string next_token;
};

}  // namespace detail::calls

/// What a query finds, page by page or one by one. In coroutines, `while (auto each = co_await list.next())`; in
/// ordinary functions, `for (auto& each : list)`, or `next_page().get()`. To go on later, or elsewhere, give its
/// page_token() to another list. Copies are one list.
template <class Item>
class paged_list {
 public:
  using value_type = Item;
  /// Asks for the page that begins at the token.
  using fetch_function = std::function<asio::awaitable<detail::calls::page<Item>>(std::string token)>;

  paged_list(detail::calls::session_ptr through, fetch_function fetch, const list_options& options)
      : state_(std::make_shared<state>(std::move(through), std::move(fetch), options)) {}

  /// The next items, at least one; none when the list is at its end. A page that failed can be asked for again.
  call<std::vector<Item>> next_page() { return state_->through->make_call(rest_of_page(state_)); }
  /// The next item; empty when the list is at its end. One that failed can be asked for again.
  call<std::optional<Item>> next() { return state_->through->make_call(one(state_)); }
  /// True when there is nothing further.
  bool done() const noexcept { return state_->at_end(); }
  /// Where the next page begins, or the present one while next() has not given all of it; opaque bytes.
  const std::string& page_token() const noexcept { return state_->items_left() ? state_->token : state_->next_token; }

  /// Goes through what is left of the list; waits for pages as `get()` does, and throws what it throws.
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Item;
    using difference_type = std::ptrdiff_t;
    using pointer = Item*;
    using reference = Item&;

    explicit iterator(paged_list& of) : list_(&of) { ++*this; }
    Item& operator*() { return *item_; }
    Item* operator->() { return &*item_; }
    iterator& operator++() {
      item_ = list_->next().get();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& at, std::default_sentinel_t) { return !at.item_.has_value(); }

   private:
    paged_list* list_;
    std::optional<Item> item_;
  };
  iterator begin() { return iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  class state {
   public:
    state(detail::calls::session_ptr session, fetch_function how, const list_options& options)
        : through(std::move(session)), fetch(std::move(how)), next_token(options.page_token), limit(options.limit) {}

    bool items_left() const noexcept { return position < present.size(); }
    bool at_end() const noexcept { return !items_left() && last; }
    /// Takes a page in, but no more than the limit allows.
    void take(detail::calls::page<Item> found) {
      present = std::move(found.items);
      position = 0;
      token = std::exchange(next_token, std::move(found.next_token));
      last = next_token.empty();
      if (limit == 0) return;
      if (present.size() > limit - given) {
        present.erase(present.begin() + static_cast<std::ptrdiff_t>(limit - given), present.end());
      }
      given += present.size();
      if (given == limit) last = true;
    }

    detail::calls::session_ptr through;
    fetch_function fetch;
    std::string token, next_token;
    std::vector<Item> present;
    std::size_t position = 0, limit, given = 0;
    bool last = false;
  };

  static asio::awaitable<void> fill(std::shared_ptr<state> of) {
    while (!of->items_left() && !of->last) {
      auto asked = of->fetch(of->next_token);
      auto found = co_await std::move(asked);
      of->take(std::move(found));
    }
  }
  static asio::awaitable<std::vector<Item>> rest_of_page(std::shared_ptr<state> of) {
    co_await fill(of);
    std::vector<Item> rest(std::make_move_iterator(of->present.begin() + static_cast<std::ptrdiff_t>(of->position)),
                           std::make_move_iterator(of->present.end()));
    of->position = of->present.size();
    co_return rest;
  }
  static asio::awaitable<std::optional<Item>> one(std::shared_ptr<state> of) {
    co_await fill(of);
    std::optional<Item> item;
    if (of->items_left()) item = std::move(of->present[of->position++]);
    co_return item;
  }

  std::shared_ptr<state> state_;
};

}  // namespace rondo
