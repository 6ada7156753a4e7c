#include "rondo/detail/base/names.hpp"

#include <gtest/gtest.h>

#include <string>

#include "rondo/name_of.hpp"

namespace payments {
int charge_card(std::string) { return 0; }
int over(int) { return 0; }
int over(std::string) { return 0; }
template <class T>
T tmpl(T value) {
  return value;
}
int plain(int) noexcept { return 0; }
int renamed(int) { return 0; }
struct service {
  int charge(std::string) { return 0; }
  int ask() const { return 0; }
  static int shared(int) { return 0; }
  int over(int) { return 0; }
  int over(std::string) { return 0; }
  template <class T>
  T tmpl(T value) {
    return value;
  }
  struct inner {
    void f() {}
  };
};
template <class T>
struct generic {
  void work() {}
};
inline namespace abi {
int deep() { return 0; }
}  // namespace abi
struct order_workflow {};
struct named_workflow {
  static constexpr auto name = "Named";
};
struct wrongly_named_workflow {
  static constexpr int name = 3;
};
}  // namespace payments

int global_function() { return 0; }

namespace {
int hidden(int) { return 1; }
struct hidden_workflow {
  void run() {}
};
}  // namespace

template <>
inline constexpr std::string_view rondo::name_of<payments::renamed> = "Renamed";

namespace {
using rondo::detail::function_name;
using rondo::detail::type_name;
using rondo::detail::workflow_name;

TEST(names, free_functions) {
  static_assert(function_name<payments::charge_card>() == "charge_card");
  static_assert(function_name<&payments::charge_card>() == "charge_card");
  static_assert(function_name<global_function>() == "global_function");
  static_assert(function_name<payments::plain>() == "plain");
  static_assert(function_name<payments::deep>() == "deep");
  EXPECT_EQ(function_name<hidden>(), "hidden");
  EXPECT_EQ((function_name<static_cast<int (*)(std::string)>(payments::over)>()), "over");
  EXPECT_EQ(function_name<payments::tmpl<int>>(), "tmpl");
  EXPECT_EQ(function_name<payments::tmpl<payments::generic<int>>>(), "tmpl");
}

TEST(names, member_functions) {
  static_assert(function_name<&payments::service::charge>() == "charge");
  EXPECT_EQ(function_name<&payments::service::ask>(), "ask");
  EXPECT_EQ(function_name<payments::service::shared>(), "shared");
  EXPECT_EQ((function_name<static_cast<int (payments::service::*)(int)>(&payments::service::over)>()), "over");
  EXPECT_EQ(function_name<&payments::service::tmpl<int>>(), "tmpl");
  EXPECT_EQ(function_name<&payments::service::inner::f>(), "f");
  EXPECT_EQ(function_name<&payments::generic<std::string>::work>(), "work");
  EXPECT_EQ(function_name<&hidden_workflow::run>(), "run");
}

TEST(names, types) {
  static_assert(type_name<payments::order_workflow>() == "order_workflow");
  EXPECT_EQ(type_name<hidden_workflow>(), "hidden_workflow");
  EXPECT_EQ(type_name<payments::generic<payments::service>>(), "generic");
  EXPECT_EQ(type_name<payments::service::inner>(), "inner");
  struct local {};
  EXPECT_EQ(type_name<local>(), "local");
  EXPECT_EQ(type_name<int>(), "int");
}

TEST(names, of_workflows) {
  EXPECT_EQ(workflow_name<payments::order_workflow>(), "order_workflow");
  EXPECT_EQ(workflow_name<payments::named_workflow>(), "Named");
  EXPECT_EQ(workflow_name<payments::wrongly_named_workflow>(), "wrongly_named_workflow");
}

TEST(names, can_be_overridden) {
  static_assert(rondo::name_of<payments::charge_card> == "charge_card");
  static_assert(rondo::name_of<payments::renamed> == "Renamed");
}

}  // namespace
