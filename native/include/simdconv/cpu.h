// What the machine can do. What a layer should use is the caller's choice among it.
#pragma once

#include <string>
#include <vector>

#include "simdconv/types.h"

namespace simdconv {

// The instruction sets that this CPU and its operating system run and this build has kernels for, best first.
const std::vector<Isa>& available_isas();

const char* isa_name(Isa isa);

// The processor's own name, or the architecture's where it tells none.
std::string cpu_name();

// Threads that may run at once: the smaller of the affinity mask and the container's CPU quota, at least 1.
int available_threads();

// The quota in the files of a control-group tree, rounded down to whole CPUs; 0 where there is none.
// `proc_cgroup` is the path of the process's membership file, `mount` that of the tree.
int cgroup_cpu_limit(const std::string& proc_cgroup, const std::string& mount);

}  // namespace simdconv
