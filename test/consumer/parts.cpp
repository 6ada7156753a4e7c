// A program of two shared libraries that both hold Rondo.
#include <cstring>

extern "C" const char* first();
extern "C" const char* second();

int main() {
  const bool right = std::strcmp(first(), "StartWorkflowExecutionRequest of first") == 0 &&
                     std::strcmp(second(), "StartWorkflowExecutionRequest of second") == 0;
  return right ? 0 : 1;
}
