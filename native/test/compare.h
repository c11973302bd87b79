// An algorithm against the reference, on memory that ends at unreadable pages.
#pragma once

#include "case.h"
#include "guarded.h"
#include "simdconv/conv2d.h"

namespace simdconv::test {

// Does the units in an order of its own, so that no unit can lean on another's scratch.
void run_units(const Plan& plan, const void* in, void* out, Against against);

// Whether the algorithm accepts the layer; what it computes is compared.
// `rounding`: by how much the error of real numbers may be larger than that of a plain sum.
bool compare_with_reference(Case& c, const char* algorithm, Values values, Random& random, Against against,
                            float rounding = 1);

// SIMDCONV_TEST_CASES: for emulated CPUs, which take a hundred times as long.
int case_count();

}  // namespace simdconv::test
