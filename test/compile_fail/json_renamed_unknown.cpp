// expect: rondo::json::names renames a field that the type does not have
#include <string>

#include <rondo/json.hpp>

struct order {
  int cents = 0;
};
template <>
inline constexpr auto rondo::json::names<order> = rondo::json::renamed({{"cent", "totalCents"}});

std::string text_of(const order& value) { return rondo::json::dump(value); }
