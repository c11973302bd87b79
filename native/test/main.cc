// Runs all native tests, or those whose name contains the argument. The last line counts them.
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "check.h"
#include "simdconv/cpu.h"

namespace simdconv::test {
namespace {

Test* first_test = nullptr;
int failures_of_test = 0;
constexpr int kMostPrinted = 10;  // failures of one test

}  // namespace

Test::Test(const char* name_, void (*body_)()) : name(name_), body(body_), next(first_test) {
  first_test = this;
}

void fail(const char* file, int line, const char* format, ...) {
  if (++failures_of_test > kMostPrinted) return;
  std::printf("    %s:%d: ", file, line);
  va_list arguments;
  va_start(arguments, format);
  std::vprintf(format, arguments);
  va_end(arguments);
  std::printf("\n");
}

}  // namespace simdconv::test

int main(int argc, char** argv) {
  using namespace simdconv;
  using namespace simdconv::test;
  std::printf("instruction sets:");
  for (const Isa isa : available_isas()) std::printf(" %s", isa_name(isa));
  std::printf("\n");
  int passed = 0, failed = 0;
  for (const Test* test = first_test; test; test = test->next) {
    if (argc > 1 && !std::strstr(test->name, argv[1])) continue;
    failures_of_test = 0;
    test->body();
    std::printf("%s %s\n", failures_of_test == 0 ? "ok  " : "FAIL", test->name);
    std::fflush(stdout);
    ++(failures_of_test == 0 ? passed : failed);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}
