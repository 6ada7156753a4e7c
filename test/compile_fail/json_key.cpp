// expect: JSON objects have string keys
#include <map>
#include <string>

#include <rondo/json.hpp>

std::string text_of(const std::map<double, int>& value) { return rondo::json::dump(value); }
