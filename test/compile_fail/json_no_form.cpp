// expect: no JSON form: make the type an aggregate
#include <string>
#include <variant>

#include <rondo/json.hpp>

std::string text_of(const std::variant<int, bool>& value) { return rondo::json::dump(value); }
