// expect: JSON strings are read into std::string
#include <string_view>

#include <rondo/converter.hpp>

std::string_view text_of(const rondo::payload& from) { return rondo::decode<std::string_view>(from); }
