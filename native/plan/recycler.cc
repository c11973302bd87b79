#include "simdconv/recycler.h"

#include <algorithm>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace simdconv {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::align_val_t kHugePage{std::size_t{2} << 20};

// A block serves what needs at least 7/8 of it, so that images of nearly one size share blocks.
constexpr std::size_t kLeastUse = 7, kWhole = 8;

std::byte* allocate(std::size_t bytes) {
  void* data = ::operator new(bytes, kHugePage, std::nothrow);
#if defined(__linux__)
  if (data) madvise(data, bytes, MADV_HUGEPAGE);  // a hint: where the system says no, pages are small
#endif
  return static_cast<std::byte*>(data);
}

void release(Recycler::Block block) { ::operator delete(block.data, kHugePage); }

}  // namespace

struct Recycler::State {
  mutable std::mutex mutex;
  std::size_t limit;
  std::size_t in_use_bytes = 0, idle_bytes = 0;
  std::vector<Block> idle;  // longest idle first; has room for those in use, too
  std::size_t blocks = 0;
  std::int64_t reused = 0;

  // With the mutex held: frees what has been idle for longest, until no more than `most` bytes are held.
  void shrink(std::size_t most) {
    auto kept = idle.begin();
    for (; kept != idle.end() && in_use_bytes + idle_bytes > most; ++kept) {
      idle_bytes -= kept->bytes;
      --blocks;
      release(*kept);
    }
    idle.erase(idle.begin(), kept);
  }

  // With the mutex held: the smallest idle block that fits, of several the one used last.
  std::vector<Block>::iterator find(std::size_t bytes) {
    auto best = idle.end();
    for (auto block = idle.begin(); block != idle.end(); ++block) {
      if (block->bytes < bytes || block->bytes / kWhole * kLeastUse > bytes) continue;
      if (best == idle.end() || block->bytes <= best->bytes) best = block;
    }
    return best;
  }
};

Recycler& Recycler::process() {
  static Recycler* recycler = new Recycler(kDefaultLimit);  // results may come back to the very end
  return *recycler;
}

Recycler::Recycler(std::size_t limit) : state_(new State) { state_->limit = limit; }
Recycler::~Recycler() { state_->shrink(0); }

Recycler::Block Recycler::take(std::size_t bytes) try {
  State& state = *state_;
  const std::lock_guard<std::mutex> lock(state.mutex);
  Block block;
  const auto found = state.find(bytes);
  if (found != state.idle.end()) {
    block = *found;
    state.idle.erase(found);
    state.idle_bytes -= block.bytes;
    ++state.reused;
  } else {
    if (bytes > state.limit) return {};
    block.bytes = (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
    if (state.in_use_bytes + block.bytes > state.limit) return {};
    state.shrink(state.limit - block.bytes);
    state.idle.reserve(state.blocks + 1);
    block.data = allocate(block.bytes);
    if (!block.data) return {};
    ++state.blocks;
  }
  state.in_use_bytes += block.bytes;
  return block;
} catch (const std::bad_alloc&) {
  return {};
}

void Recycler::give_back(Block block) {
  State& state = *state_;
  const std::lock_guard<std::mutex> lock(state.mutex);
  state.in_use_bytes -= block.bytes;
  state.idle_bytes += block.bytes;
  state.idle.push_back(block);  // there is room
  state.shrink(state.limit);
}

void Recycler::set_limit(std::size_t bytes) {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->limit = bytes;
  state_->shrink(bytes);
}

Recycler::Counters Recycler::counters() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return {state_->limit, state_->in_use_bytes, state_->idle_bytes, state_->reused};
}

}  // namespace simdconv
