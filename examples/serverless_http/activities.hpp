#pragma once
#include <string>

namespace greetings {

inline std::string compose(std::string greeting, std::string name) { return greeting + ", " + name + "!"; }

}  // namespace greetings
