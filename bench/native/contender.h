// What every native contender shares: reads its job, and obeys the orders described in lib/child.mjs.
// Usage: PROGRAM DIRECTORY LINE THREADS [MODE]
#ifndef SIMDCONV_BENCH_CONTENDER_H_
#define SIMDCONV_BENCH_CONTENDER_H_

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

struct Pair {
  int height, width;
};

struct Layer {
  std::string name;
  int batch, in_channels, out_channels, height, width;
  Pair kernel, stride, pad, dilation;
  int groups;

  static int out_length(int length, int kernel, int stride, int pad, int dilation) {
    return (length + 2 * pad - (kernel - 1) * dilation - 1) / stride + 1;
  }
  int out_height() const {
    return out_length(height, kernel.height, stride.height, pad.height, dilation.height);
  }
  int out_width() const { return out_length(width, kernel.width, stride.width, pad.width, dilation.width); }
};

// N or HxW.
inline std::istream& operator>>(std::istream& in, Pair& pair) {
  in >> pair.height;
  pair.width = pair.height;
  if (in.peek() == 'x') in.ignore() >> pair.width;
  return in;
}

struct Job {
  Layer layer;
  std::vector<float> input;   // [batch][height][width][in_channels]
  std::vector<float> filter;  // [kernel height][kernel width][in_channels / groups][out_channels]
  int threads;
  std::string mode;
};

struct Arguments {
  std::string directory;  // of the data
  std::string line;       // of the layer, or of the network
  int threads;
  std::string mode;
};

inline std::vector<float> read_floats(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::vector<float> floats(static_cast<size_t>(file.tellg()) / sizeof(float));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(floats.data()),
            static_cast<std::streamsize>(floats.size() * sizeof(float)));
  return floats;
}

inline Job read_job(const Arguments& arguments) {
  const auto& [directory, text, threads, mode] = arguments;
  std::istringstream line(text);
  Layer l;
  line >> l.name >> l.batch >> l.in_channels >> l.out_channels >> l.height >> l.width;
  line >> l.kernel >> l.stride >> l.pad >> l.dilation >> l.groups;
  return {l, read_floats(directory + "/input.f32"), read_floats(directory + "/filter.f32"), threads, mode};
}

// Answers orders until there are no more. `run` convolves once; `output` gives the last result as bytes,
// [batch][height][width][channels]. `details` is a JSON object.
template <class Run, class Output>
void serve(const std::string& details, Run run, Output output) {
  std::cout << "@ready " << details << std::endl;
  std::string verb, argument;
  while (std::cin >> verb >> argument) {
    if (verb == "check") {
      run();
      const std::vector<char> bytes = output();
      std::ofstream(argument, std::ios::binary)
          .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      std::cout << "@done" << std::endl;
    } else if (verb == "time") {
      const long count = std::atol(argument.c_str());
      run();
      const auto start = std::chrono::steady_clock::now();
      for (long i = 0; i < count; ++i) run();
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      std::cout << "@took " << seconds.count() << std::endl;
    }
  }
}

// For main: what goes wrong is an answer, not a crash.
template <class Body>
int run_contender(int argc, char** argv, Body body) {
  std::cout.precision(9);
  try {
    if (argc < 4 || argc > 5) throw std::runtime_error("usage: PROGRAM DIRECTORY LINE THREADS [MODE]");
    body(Arguments{argv[1], argv[2], std::atoi(argv[3]), argc > 4 ? argv[4] : ""});
    return 0;
  } catch (const std::exception& error) {
    std::cout << "@cannot " << error.what() << std::endl;
    return 1;
  }
}

#endif  // SIMDCONV_BENCH_CONTENDER_H_
