// Blocks come back, none is in two hands, and the limit holds.
#include "simdconv/recycler.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "check.h"

namespace simdconv::test {
namespace {

constexpr std::size_t kPage = 4096, kMiB = std::size_t{1} << 20;

}  // namespace

TEST(a_block_is_used_again_when_it_has_come_back) {
  Recycler recycler(8 * kMiB);
  const Recycler::Block first = recycler.take(kMiB + 1), second = recycler.take(kMiB + 1);
  CHECK(first.data && second.data && first.data != second.data, "two blocks");
  CHECK(first.bytes >= kMiB + 1, "%zu bytes", first.bytes);
  CHECK((reinterpret_cast<std::uintptr_t>(first.data) & 4095) == 0, "a page");
  CHECK(recycler.counters().in_use_bytes == first.bytes + second.bytes, "both in use");
  CHECK(recycler.counters().reused == 0, "none used before");
  recycler.give_back(first);
  CHECK(recycler.counters().idle_bytes == first.bytes, "one idle");
  const Recycler::Block again = recycler.take(kMiB - kMiB / 16);
  CHECK(again.data == first.data, "nearly the same size");
  CHECK(recycler.counters().reused == 1 && recycler.counters().idle_bytes == 0, "used again");
  recycler.give_back(second);
  const Recycler::Block half = recycler.take(kMiB / 2), twice = recycler.take(2 * kMiB);
  CHECK(half.data != second.data, "too large for that");
  CHECK(twice.data != second.data, "too small for that");
  for (const Recycler::Block& block : {again, half, twice}) recycler.give_back(block);
}

TEST(the_block_that_fits_best_is_taken_and_of_equal_ones_the_last) {
  Recycler recycler(64 * kMiB);
  const Recycler::Block large = recycler.take(1040 * kPage), older = recycler.take(1024 * kPage),
                        newer = recycler.take(1024 * kPage);
  recycler.give_back(large);
  recycler.give_back(older);
  recycler.give_back(newer);
  const Recycler::Block first = recycler.take(1000 * kPage), second = recycler.take(1000 * kPage),
                        third = recycler.take(1000 * kPage);
  CHECK(first.data == newer.data, "warm in the caches");
  CHECK(second.data == older.data, "the better fit");
  CHECK(third.data == large.data, "the last that fits");
  for (const Recycler::Block& block : {first, second, third}) recycler.give_back(block);
}

TEST(the_limit_counts_blocks_in_use_and_idle_ones_make_room) {
  Recycler recycler(4 * kMiB);
  CHECK(!recycler.take(4 * kMiB + 1).data, "beyond the limit");
  CHECK(!recycler.take(SIZE_MAX).data, "far beyond");
  std::vector<Recycler::Block> blocks;
  blocks.reserve(4);
  for (int i = 0; i < 4; ++i) blocks.push_back(recycler.take(kMiB));
  CHECK(blocks.back().data != nullptr, "up to the limit");
  CHECK(!recycler.take(kMiB).data, "one more");
  for (const Recycler::Block& block : blocks) recycler.give_back(block);
  CHECK(recycler.counters().idle_bytes == 4 * kMiB && recycler.counters().in_use_bytes == 0, "all idle");
  const Recycler::Block other = recycler.take(2 * kMiB);
  CHECK(other.data != nullptr, "idle blocks of another size make room");
  CHECK(recycler.counters().idle_bytes == 2 * kMiB, "no more than needed");
  recycler.set_limit(kMiB);
  CHECK(recycler.counters().idle_bytes == 0 && recycler.counters().in_use_bytes == 2 * kMiB,
        "idle blocks go at once");
  recycler.give_back(other);
  CHECK(recycler.counters().idle_bytes == 0 && recycler.counters().in_use_bytes == 0,
        "others as they come back");
  recycler.set_limit(0);
  CHECK(!recycler.take(1).data, "nothing to recycle");
}

// Each thread signs its blocks and finds its signature still there.
TEST(no_block_is_in_two_hands) {
  Recycler recycler(6 * kMiB);
  std::vector<std::thread> threads;
  std::vector<int> spoiled(4, 0);
  threads.reserve(spoiled.size());
  for (std::size_t t = 0; t < spoiled.size(); ++t) {
    threads.emplace_back([&recycler, &spoiled, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      std::vector<Recycler::Block> mine;
      const auto signature = static_cast<std::byte>(t + 1);
      for (int i = 0; i < 3000; ++i) {
        if (mine.size() > random() % 6) {
          std::swap(mine.back(), mine[random() % mine.size()]);
          const Recycler::Block block = mine.back();
          mine.pop_back();
          const bool kept = std::all_of(block.data, block.data + block.bytes,
                                        [signature](std::byte b) { return b == signature; });
          spoiled[t] += kept ? 0 : 1;
          recycler.give_back(block);
        } else if (const Recycler::Block block = recycler.take(random() % (kMiB / 2) + 1); block.data) {
          std::memset(block.data, static_cast<int>(signature), block.bytes);
          mine.push_back(block);
        }
        const Recycler::Counters now = recycler.counters();
        if (now.in_use_bytes + now.idle_bytes > now.limit) ++spoiled[t];
      }
      for (const Recycler::Block& block : mine) recycler.give_back(block);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : spoiled) CHECK(count == 0, "%d blocks were spoiled", count);
  CHECK(recycler.counters().in_use_bytes == 0, "all came back");
  CHECK(recycler.counters().reused > 0, "some were used again");
}

}  // namespace simdconv::test
