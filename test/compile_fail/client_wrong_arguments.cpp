// expect: the arguments do not match the parameters of this workflow
#include <string>

#include "rondo/client.hpp"
#include "rondo/workflow.hpp"

rondo::task<int> pays(std::string id, int cents);

void starts(rondo::client& client) { client.start_workflow<pays>({.task_queue = "q"}, 4, "id").get(); }
