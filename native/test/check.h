// The smallest test runner that names what failed: TEST(name) { CHECK(condition, "printf format", ...); }
#pragma once

#include <cstdio>
#include <string>

namespace simdconv::test {

struct Test {
  Test(const char* name_, void (*body_)());
  const char* name;
  void (*body)();
  Test* next;
};

// Records a failure of the running test; printf-style.
[[gnu::format(printf, 3, 4)]] void fail(const char* file, int line, const char* format, ...);

}  // namespace simdconv::test

#define TEST(name)                                                         \
  static void name();                                                      \
  static const ::simdconv::test::Test name##_registration(#name, &(name)); \
  static void name()

#define CHECK(condition, ...)                                                                  \
  do {                                                                                         \
    if (!(condition)) ::simdconv::test::fail(__FILE__, __LINE__, #condition ": " __VA_ARGS__); \
  } while (false)
