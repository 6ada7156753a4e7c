// Prints what the order worker offers, for programs in other languages: rondo-stubs reads it, see docs/stubs.md.
#include <iostream>

#include "rondo/describe.hpp"
#include "rondo/registry.hpp"
#include "workflows.hpp"

int main() {
  shop::warehouse warehouse({});
  std::cout << rondo::describe(rondo::registry{}
                                   .workflow<shop::order_workflow>()
                                   .activity<&shop::warehouse::reserve_stock>(warehouse)
                                   .activity<&shop::warehouse::release_stock>(warehouse)
                                   .activity<&shop::warehouse::update_order_status>(warehouse));
}
