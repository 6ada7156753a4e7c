// expect-ok
#include <map>
#include <string>
#include <vector>

#include <rondo/converter.hpp>

struct order {
  int cents = 0;
  std::map<int, std::vector<std::string>> lines{};
};
template <>
inline constexpr auto rondo::json::names<order> = rondo::json::renamed({{"cents", "totalCents"}});

order copy_of(const order& value) { return rondo::json::parse<order>(rondo::json::dump(value)); }
