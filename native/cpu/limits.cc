// How many threads may run at once: the affinity mask, and the CPU quota of the container, whichever is less.
#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "simdconv/cpu.h"

#if defined(__linux__)
#include <sched.h>
#endif

namespace simdconv {
namespace {

int affinity_count() {
#if defined(__linux__)
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Whole CPUs of quota / period, at least 1; 0 where there is no quota. (libuv rounds down, too: a thread more
// than the quota pays for would be throttled in every period.)
int whole_cpus(const std::string& quota, const std::string& period) {
  std::istringstream quota_stream(quota), period_stream(period);
  long long quota_us = 0, period_us = 0;
  if (!(quota_stream >> quota_us) || !(period_stream >> period_us)) return 0;  // "max", or no such file
  if (quota_us <= 0 || period_us <= 0) return 0;
  return static_cast<int>(std::clamp<long long>(quota_us / period_us, 1, 1 << 20));
}

// Every ancestor's quota binds as well: the least of all from `group` up to the root of the tree.
template <typename LimitOf>
int least_limit_upwards(std::string group, const LimitOf& limit_of) {
  int least = 0;
  for (;;) {
    const int limit = limit_of(group);
    if (limit > 0 && (least == 0 || limit < least)) least = limit;
    const std::size_t slash = group.rfind('/');
    if (slash == std::string::npos || group.empty()) return least;
    group.resize(slash);
  }
}

// Whether a comma-separated list has the name.
bool names(const std::string& list, const std::string& name) {
  std::istringstream stream(list);
  for (std::string entry; std::getline(stream, entry, ',');) {
    if (entry == name) return true;
  }
  return false;
}

}  // namespace

int cgroup_cpu_limit(const std::string& proc_cgroup, const std::string& mount) {
  std::ifstream memberships(proc_cgroup);
  int least = 0;
  for (std::string line; std::getline(memberships, line);) {
    // "hierarchy:controllers:group"; version 2 has hierarchy 0 and no controllers.
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    int limit = 0;
    if (controllers.empty()) {
      limit = least_limit_upwards(group == "/" ? "" : group, [&](const std::string& path) {
        std::istringstream max(first_line(mount + path + "/cpu.max"));
        std::string quota, period;
        max >> quota >> period;
        return whole_cpus(quota, period);
      });
    } else if (names(controllers, "cpu")) {
      limit = least_limit_upwards(group == "/" ? "" : group, [&](const std::string& path) {
        std::string base = mount;
        base.append("/cpu").append(path);
        return whole_cpus(first_line(base + "/cpu.cfs_quota_us"), first_line(base + "/cpu.cfs_period_us"));
      });
    }
    if (limit > 0 && (least == 0 || limit < least)) least = limit;
  }
  return least;
}

int available_threads() {
  int threads = affinity_count();
#if defined(__linux__)
  const int quota = cgroup_cpu_limit("/proc/self/cgroup", "/sys/fs/cgroup");
  if (quota > 0) threads = std::min(threads, quota);
#endif
  return threads;
}

}  // namespace simdconv
