// oneDNN as a contender. Modes: any (image and result in the layout it likes best), nhwc, winograd.
#include <dnnl.hpp>

#include "contender.h"

namespace {

using dnnl::memory;
using Tag = memory::format_tag;

memory::desc floats(const memory::dims& dims, Tag tag) { return {dims, memory::data_type::f32, tag}; }

// A copy of `from` in the layout `to`.
memory reordered(memory from, const memory::desc& to, dnnl::stream& stream) {
  memory copy(to, from.get_engine());
  dnnl::reorder(from, copy).execute(stream, from, copy);
  stream.wait();
  return copy;
}

void contend(const Arguments& arguments) {
  Job job = read_job(arguments);
  const Layer& l = job.layer;
  const bool is_grouped = l.groups > 1;
  const memory::dims in{l.batch, l.in_channels, l.height, l.width};
  const memory::dims out{l.batch, l.out_channels, l.out_height(), l.out_width()};
  memory::dims weights{l.out_channels / l.groups, l.in_channels / l.groups, l.kernel.height, l.kernel.width};
  if (is_grouped) weights.insert(weights.begin(), l.groups);
  const memory::dims pad{l.pad.height, l.pad.width};

  const Tag image_tag = job.mode == "nhwc" ? Tag::nhwc : Tag::any;
  const auto algorithm =
      job.mode == "winograd" ? dnnl::algorithm::convolution_winograd : dnnl::algorithm::convolution_direct;
  dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const dnnl::convolution_forward::desc desc(
      dnnl::prop_kind::forward_inference, algorithm, floats(in, image_tag), floats(weights, Tag::any),
      floats(out, image_tag), {l.stride.height, l.stride.width},
      {l.dilation.height - 1, l.dilation.width - 1}, pad, pad);  // here dilation 0 is dense
  const dnnl::convolution_forward::primitive_desc plan(desc, engine, true);
  if (!plan) throw std::runtime_error("it has no " + job.mode + " implementation of this layer");

  const memory input(floats(in, Tag::nhwc), engine, job.input.data());
  const memory filter(floats(weights, is_grouped ? Tag::hwigo : Tag::hwio), engine, job.filter.data());
  const memory source = reordered(input, plan.src_desc(), stream);
  const memory packed = reordered(filter, plan.weights_desc(), stream);
  memory result(plan.dst_desc(), engine);
  const dnnl::convolution_forward conv(plan);
  const std::unordered_map<int, memory> memories{
      {DNNL_ARG_SRC, source}, {DNNL_ARG_WEIGHTS, packed}, {DNNL_ARG_DST, result}};

  const dnnl_version_t* version = dnnl_version();
  std::ostringstream details;
  details << R"({"version":")" << version->major << '.' << version->minor << '.' << version->patch
          << R"(","kernel":")" << plan.impl_info_str() << R"("})";
  const auto run = [&] {
    conv.execute(stream, memories);
    stream.wait();
  };
  const auto output = [&] {
    const memory plain = reordered(result, floats(out, Tag::nhwc), stream);
    const char* data = static_cast<const char*>(plain.get_data_handle());
    return std::vector<char>(data, data + plain.get_desc().get_size());
  };
  serve(details.str(), run, output);
}

}  // namespace

int main(int argc, char** argv) { return run_contender(argc, argv, contend); }
