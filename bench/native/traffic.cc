// How long memory takes for a layer: reads an input and writes an output, side by side as a convolution does, and
// computes nothing. Usage: traffic READ_BYTES WRITTEN_BYTES THREADS SECONDS; each thread has its share of the bytes.
// Prints the seconds of one pass.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace {

// Sixteen bytes at a time on every CPU, which is as fast as lines come from L2 and beyond.
using Piece = unsigned __attribute__((vector_size(16)));

constexpr size_t kBlock = 256;  // pieces: 4 KiB, in which reads and writes alternate

Piece read(const Piece* begin, const Piece* end) {
  Piece sum{};
  for (const Piece* piece = begin; piece != end; ++piece) sum ^= *piece;
  return sum;
}

void pass(const std::vector<Piece>& in, std::vector<Piece>* out) {
  const size_t blocks = std::max<size_t>(1, std::max(in.size(), out->size()) / kBlock);
  for (size_t b = 0; b < blocks; ++b) {
    const Piece sum = read(in.data() + b * in.size() / blocks, in.data() + (b + 1) * in.size() / blocks);
    std::fill(out->data() + b * out->size() / blocks, out->data() + (b + 1) * out->size() / blocks, sum);
  }
}

double seconds_of_pass(size_t in_pieces, size_t out_pieces, double enough) {
  const std::vector<Piece> in(in_pieces, Piece{1, 2, 3, 4});
  std::vector<Piece> out(out_pieces);
  pass(in, &out);
  using Clock = std::chrono::steady_clock;
  long passes = 0;
  double elapsed = 0;
  const auto start = Clock::now();
  do {
    pass(in, &out);
    ++passes;
    elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  } while (elapsed < enough);
  return elapsed / static_cast<double>(passes);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const size_t threads = std::strtoull(argv[3], nullptr, 10);
  const auto pieces = [&](const char* bytes) {
    return std::strtoull(bytes, nullptr, 10) / sizeof(Piece) / threads + 1;
  };
  const double enough = std::atof(argv[4]);
  std::vector<double> seconds(threads);
  std::vector<std::thread> others;
  const auto take_share = [&](size_t t) {
    seconds[t] = seconds_of_pass(pieces(argv[1]), pieces(argv[2]), enough);
  };
  for (size_t t = 1; t < threads; ++t) others.emplace_back(take_share, t);
  take_share(0);
  for (std::thread& other : others) other.join();
  std::printf("%.9f\n", *std::max_element(seconds.begin(), seconds.end()));
  return 0;
}
