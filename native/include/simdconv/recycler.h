// Memory for results, used again: the pages of fresh memory cost more than many a convolution that fills them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace simdconv {

class Recycler {
 public:
  // The one that all callers share, with a limit of kDefaultLimit.
  static Recycler& process();

  explicit Recycler(std::size_t limit);
  ~Recycler();  // what has not been given back stays where it is
  Recycler(const Recycler&) = delete;
  Recycler& operator=(const Recycler&) = delete;

  // Starts on a page, and holds what its last user left there.
  struct Block {
    std::byte* data = nullptr;
    std::size_t bytes = 0;
  };

  // A block of at least `bytes`. Without data where the limit does not allow it, or memory is short.
  Block take(std::size_t bytes);
  void give_back(Block block);

  // Of all blocks together, those in use included; a lower one frees idle blocks now, and others as they come back.
  void set_limit(std::size_t bytes);

  struct Counters {
    std::size_t limit, in_use_bytes, idle_bytes;
    std::int64_t reused;  // blocks taken that had been used before
  };
  Counters counters() const;

  static constexpr std::size_t kDefaultLimit = std::size_t{256} << 20;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace simdconv
