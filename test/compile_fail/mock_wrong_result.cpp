// expect: the stand-in does not return what the activity returns
#include <string>

#include "rondo/registry.hpp"

int charge(std::string card, int cents);

void stands_in(rondo::registry& app) {
  app.mock<charge>([](const std::string& card, int) { return card; });
}
