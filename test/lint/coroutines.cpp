// What scripts/lint_coroutines.py must find, each marked with the name of its match, and what it must leave alone.
// Read by the lint's own test only; not part of any program.
#include <coroutine>
#include <exception>
#include <functional>
#include <map>
#include <string>

struct task {
  struct promise_type {
    task get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

template <class Value>
struct awaiter {
  explicit awaiter(Value value) : value_(static_cast<Value&&>(value)) {}
  bool await_ready() const { return true; }
  void await_suspend(std::coroutine_handle<>) const {}
  Value await_resume() { return static_cast<Value&&>(value_); }

 private:
  Value value_;
};

struct order {
  std::string id{};
  int cents = 0;
};
struct limits {
  int seconds = 0;
  int attempts = 0;
};
struct by_constructor {
  explicit by_constructor(std::string) {}
};

awaiter<int> place(order, limits = {}) { return awaiter<int>(1); }
awaiter<int> place(by_constructor) { return awaiter<int>(2); }
awaiter<int> call(std::function<void()>) { return awaiter<int>(3); }
awaiter<int> start(order, task (*)()) { return awaiter<int>(4); }
void begin(order, task (*)()) {}
order make_order() { return {}; }
awaiter<order> load() { return awaiter<order>(order{}); }
awaiter<std::string> text() { return awaiter<std::string>("text"); }

task bad(bool first, std::string name) {
  co_await place(order{name, 1});                // lint: aggregate-temporary
  co_await place({.id = name});                  // lint: aggregate-temporary
  co_await place(order(name, 1));                // lint: aggregate-temporary
  order built{.id = co_await text()};            // lint: await-inside-aggregate
  co_await place(first ? built : make_order());  // lint: conditional-of-class-type
  co_await call([name] { (void)name; });         // lint: lambda-with-owning-captures
  if (first) throw co_await text();              // lint: throw-of-await
  std::map<std::string, int> prices;
  prices[co_await text()] = co_await awaiter<int>(5);  // lint: await-on-both-sides
  std::map<std::string, std::string> names;
  names[co_await text()] = co_await text();                              // lint: await-on-both-sides
  auto inner = [](std::string id) -> task { co_await place({id, 2}); };  // lint: aggregate-temporary
  inner(name);
}

task good(bool first, std::string name) {
  order named{.id = name};
  co_await place(named);
  co_await place(make_order());
  co_await place(by_constructor(name));
  co_await place(named, limits{.seconds = 1, .attempts = 2});
  co_await awaiter<int>(first ? 1 : 2);
  co_await call([&name] { (void)name; });
  std::string key = co_await text();
  co_await place(by_constructor(co_await text() + name));
  std::map<std::string, int> prices;
  prices[key] = co_await awaiter<int>(5);
  begin({.id = name}, []() -> task { co_await text(); });
  order loaded = co_await load();
  if (loaded.cents == 0) throw loaded;
}
