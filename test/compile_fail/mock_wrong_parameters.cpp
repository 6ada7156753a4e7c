// expect: the stand-in does not take the parameters of the activity
#include <string>

#include "rondo/registry.hpp"

int charge(std::string card, int cents);

void stands_in(rondo::registry& app) {
  app.mock<charge>([](int cents) { return cents; });
}
