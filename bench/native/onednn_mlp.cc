// oneDNN as a contender with a perceptron: a matmul for each layer, on a matrix of pixels by channels.
#include <dnnl.hpp>

#include "contender.h"

namespace {

using dnnl::memory;
using Tag = memory::format_tag;

memory::desc floats(const memory::dims& dims, Tag tag) { return {dims, memory::data_type::f32, tag}; }

struct Network {
  std::string name;
  memory::dim pixels;
  std::vector<memory::dim> widths;
  bool has_relu;  // behind all layers but the last
};

Network parse_network(const std::string& text) {
  std::istringstream line(text);
  Network network;
  memory::dim batch, height, width;
  std::string widths, activation;
  line >> network.name >> batch >> height >> width >> widths >> activation;
  network.pixels = batch * height * width;
  network.has_relu = activation == "relu";
  std::istringstream rest(widths);
  for (std::string word; std::getline(rest, word, '-');) network.widths.push_back(std::atoi(word.c_str()));
  return network;
}

struct Step {
  dnnl::matmul matmul;
  std::unordered_map<int, memory> memories;
};

void contend(const Arguments& arguments) {
  const Network network = parse_network(arguments.line);
  std::vector<float> input = read_floats(arguments.directory + "/input.f32");
  std::vector<float> parameters = read_floats(arguments.directory + "/parameters.f32");

  dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  memory values(floats({network.pixels, network.widths[0]}, Tag::ab), engine, input.data());
  std::vector<Step> steps;
  std::string kernel;
  float* parameter = parameters.data();
  for (size_t layer = 0; layer + 1 < network.widths.size(); ++layer) {
    const memory::dim ins = network.widths[layer];
    const memory::dim outs = network.widths[layer + 1];
    memory weights(floats({ins, outs}, Tag::ab), engine, parameter);
    const memory bias(floats({1, outs}, Tag::ab), engine, parameter + ins * outs);
    parameter += ins * outs + outs;

    dnnl::primitive_attr attributes;
    if (network.has_relu && layer + 2 < network.widths.size()) {
      dnnl::post_ops relu;
      relu.append_eltwise(1.0F, dnnl::algorithm::eltwise_relu, 0.0F, 0.0F);
      attributes.set_post_ops(relu);
    }
    const dnnl::matmul::desc desc(values.get_desc(), floats({ins, outs}, Tag::any), bias.get_desc(),
                                  floats({network.pixels, outs}, Tag::ab));
    const dnnl::matmul::primitive_desc plan(desc, attributes, engine);
    memory packed(plan.weights_desc(), engine);
    dnnl::reorder(weights, packed).execute(stream, weights, packed);
    stream.wait();
    const memory result(plan.dst_desc(), engine);
    steps.push_back({dnnl::matmul(plan),
                     {{DNNL_ARG_SRC, values},
                      {DNNL_ARG_WEIGHTS, packed},
                      {DNNL_ARG_BIAS, bias},
                      {DNNL_ARG_DST, result}}});
    values = result;
    kernel = plan.impl_info_str();
  }

  const dnnl_version_t* version = dnnl_version();
  std::ostringstream details;
  details << R"({"version":")" << version->major << '.' << version->minor << '.' << version->patch
          << R"(","kernel":")" << kernel << R"("})";
  const auto run = [&] {
    for (const Step& step : steps) step.matmul.execute(stream, step.memories);
    stream.wait();
  };
  const auto output = [&] {
    const char* data = static_cast<const char*>(values.get_data_handle());
    return std::vector<char>(data, data + values.get_desc().get_size());
  };
  serve(details.str(), run, output);
}

}  // namespace

int main(int argc, char** argv) { return run_contender(argc, argv, contend); }
