// CPU quotas as containers write them.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "check.h"
#include "simdconv/cpu.h"

namespace simdconv::test {
namespace {

namespace fs = std::filesystem;

class ControlGroups {
 public:
  ControlGroups() : root_(fs::temp_directory_path() / ("simdconv-cgroup-" + std::to_string(getpid()))) {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~ControlGroups() { fs::remove_all(root_); }
  ControlGroups(const ControlGroups&) = delete;
  ControlGroups& operator=(const ControlGroups&) = delete;

  void write(const std::string& path, const std::string& text) const {
    const fs::path file = root_ / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text << "\n";
  }
  int limit() const { return cgroup_cpu_limit((root_ / "self").string(), (root_ / "mount").string()); }

 private:
  fs::path root_;
};

}  // namespace

TEST(quotas_of_control_groups) {
  const auto limit_of = [](std::initializer_list<std::pair<const char*, const char*>> files) {
    const ControlGroups groups;
    for (const auto& [path, text] : files) groups.write(path, text);
    return groups.limit();
  };
  CHECK(limit_of({}) == 0, "no control groups at all");
  CHECK(limit_of({{"self", "0::/"}}) == 0, "version 2, no quota file");
  CHECK(limit_of({{"self", "0::/"}, {"mount/cpu.max", "max 100000"}}) == 0, "version 2, no quota");
  CHECK(limit_of({{"self", "0::/"}, {"mount/cpu.max", "200000 100000"}}) == 2, "version 2, two CPUs");
  CHECK(limit_of({{"self", "0::/a/b"},
                  {"mount/a/cpu.max", "350000 100000"},
                  {"mount/a/b/cpu.max", "max 100000"}}) == 3,
        "version 2, the parent's 3.5 CPUs");
  CHECK(limit_of({{"self", "0::/"}, {"mount/cpu.max", "50000 100000"}}) == 1, "half a CPU is one thread");
  CHECK(limit_of({{"self", "4:cpu,cpuacct:/pod\n3:memory:/pod"},
                  {"mount/cpu/pod/cpu.cfs_quota_us", "400000"},
                  {"mount/cpu/pod/cpu.cfs_period_us", "100000"}}) == 4,
        "version 1, four CPUs");
  CHECK(limit_of({{"self", "4:cpu:/"},
                  {"mount/cpu/cpu.cfs_quota_us", "-1"},
                  {"mount/cpu/cpu.cfs_period_us", "100000"}}) == 0,
        "version 1, no quota");
  CHECK(limit_of({{"self", "not a membership"}, {"mount/cpu.max", "nonsense"}}) == 0,
        "files that say nothing");
}

TEST(at_least_one_thread) { CHECK(available_threads() >= 1, "%d", available_threads()); }

}  // namespace simdconv::test
