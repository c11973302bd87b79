#include "decode.h"

#include <cmath>
#include <string>
#include <utility>

#include "error.h"
#include "simdconv/cpu.h"

namespace simdconv::binding {
namespace {

constexpr double kLargestSize = 9007199254740991.0;  // 2^53 - 1

template <typename Enum, std::size_t Count>
Enum decode_name(const Napi::Value& value, const std::pair<const char*, Enum> (&names)[Count]) {
  const std::string name = value.ToString();
  for (const auto& [known, meaning] : names) {
    if (name == known) return meaning;
  }
  throw contract_error(value.Env(), "unknown name " + name);
}

AxisBorder decode_axis(const Napi::Object& object) {
  const BorderMode mode =
      decode_name<BorderMode>(object.Get("mode"), {{"constant", BorderMode::constant},
                                                   {"edge", BorderMode::edge},
                                                   {"reflect", BorderMode::reflect},
                                                   {"symmetric", BorderMode::symmetric},
                                                   {"wrap", BorderMode::wrap},
                                                   {"renormalize", BorderMode::renormalize}});
  return {mode, object.Get("value").ToNumber().FloatValue()};
}

Activation decode_activation(const Napi::Object& object) {
  const ActivationKind kind =
      decode_name<ActivationKind>(object.Get("kind"), {{"none", ActivationKind::none},
                                                       {"relu", ActivationKind::relu},
                                                       {"leakyRelu", ActivationKind::leaky_relu},
                                                       {"clamp", ActivationKind::clamp},
                                                       {"sigmoid", ActivationKind::sigmoid},
                                                       {"tanh", ActivationKind::tanh},
                                                       {"hardSwish", ActivationKind::hard_swish},
                                                       {"silu", ActivationKind::silu},
                                                       {"gelu", ActivationKind::gelu},
                                                       {"geluTanh", ActivationKind::gelu_tanh}});
  return {kind, object.Get("a").ToNumber().FloatValue(), object.Get("b").ToNumber().FloatValue()};
}

Isa decode_isa(const Napi::Value& value) {
  const std::string name = value.ToString();
  for (const Isa isa : available_isas()) {
    if (name == isa_name(isa)) return isa;
  }
  throw contract_error(value.Env(), "this CPU does not run " + name);
}

bool holds(napi_typedarray_type array, ElementType type) {
  if (type == ElementType::float32) return array == napi_float32_array;
  return array == napi_uint8_array || array == napi_uint8_clamped_array;
}

void* decode_elements(const Napi::Value& value, ElementType type, std::int64_t count) {
  napi_typedarray_type array{};
  std::size_t length = 0;
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(value.Env(), value, &array, &length, &data, nullptr, nullptr);
  if (status != napi_ok || !holds(array, type)) {
    const char* wanted = type == ElementType::uint8 ? "a Uint8Array" : "a Float32Array";
    throw contract_error(value.Env(), std::string(wanted) + " was expected");
  }
  if (length != static_cast<std::size_t>(count)) {
    throw contract_error(value.Env(), "an array has " + std::to_string(length) + " elements instead of " +
                                          std::to_string(count));
  }
  return data;
}

PixelMlpLayer decode_mlp_layer(const Napi::Object& object) {
  PixelMlpLayer layer;
  layer.in_channels = decode_size(object.Get("inChannels"));
  layer.out_channels = decode_size(object.Get("outChannels"));
  const double weights = static_cast<double>(layer.in_channels) * static_cast<double>(layer.out_channels);
  if (weights > kLargestSize) throw contract_error(object.Env(), "the weights are too large");
  layer.weights = decode_floats(object.Get("weights"), static_cast<std::int64_t>(weights));
  const Napi::Value bias = object.Get("bias");
  layer.bias = bias.IsNull() ? nullptr : decode_floats(bias, layer.out_channels);
  layer.activation = decode_activation(object.Get("activation").As<Napi::Object>());
  layer.residual_from = object.Get("residualFrom").ToNumber().Int64Value();
  layer.residual_after = object.Get("residualAfter").ToBoolean();
  return layer;
}

}  // namespace

std::int64_t decode_size(const Napi::Value& value) {
  const double size = value.ToNumber().DoubleValue();
  if (!(size >= 0 && size <= kLargestSize) || std::floor(size) != size) {
    throw contract_error(value.Env(), "a size is not a whole number");
  }
  return static_cast<std::int64_t>(size);
}

Layout decode_layout(const Napi::Value& value) {
  return decode_name<Layout>(value, {{"nhwc", Layout::nhwc}, {"nchw", Layout::nchw}});
}

ElementType decode_element_type(const Napi::Value& value) {
  return decode_name<ElementType>(value, {{"float32", ElementType::float32}, {"uint8", ElementType::uint8}});
}

Border decode_border(const Napi::Object& object) {
  return {decode_axis(object.Get("y").As<Napi::Object>()), decode_axis(object.Get("x").As<Napi::Object>()),
          decode_name<Renormalize>(object.Get("by"),
                                   {{"area", Renormalize::area}, {"weight", Renormalize::weight}})};
}

ImageShape decode_shape(const Napi::Object& object) {
  return {decode_size(object.Get("batch")), decode_size(object.Get("height")),
          decode_size(object.Get("width")), decode_size(object.Get("channels"))};
}

Padding decode_padding(const Napi::Object& object) {
  return {decode_size(object.Get("top")), decode_size(object.Get("bottom")), decode_size(object.Get("left")),
          decode_size(object.Get("right"))};
}

Conv2dSpec decode_spec(const Napi::Object& object) {
  Conv2dSpec spec;
  spec.kernel_height = decode_size(object.Get("kernelHeight"));
  spec.kernel_width = decode_size(object.Get("kernelWidth"));
  spec.in_channels = decode_size(object.Get("inChannels"));
  spec.out_channels = decode_size(object.Get("outChannels"));
  spec.groups = decode_size(object.Get("groups"));
  spec.stride_height = decode_size(object.Get("strideHeight"));
  spec.stride_width = decode_size(object.Get("strideWidth"));
  spec.dilation_height = decode_size(object.Get("dilationHeight"));
  spec.dilation_width = decode_size(object.Get("dilationWidth"));
  if (spec.groups < 1) throw contract_error(object.Env(), "there is no group");

  const std::int64_t group_in = spec.in_channels / spec.groups;
  // As doubles: a product of sizes too large for an array cannot equal the length of one.
  const double weights = static_cast<double>(spec.kernel_height) * static_cast<double>(spec.kernel_width) *
                         static_cast<double>(group_in) * static_cast<double>(spec.out_channels);
  if (weights > kLargestSize) throw contract_error(object.Env(), "the filter is too large");
  spec.filter = decode_floats(object.Get("filter"), static_cast<std::int64_t>(weights));
  spec.filter_layout = decode_name<FilterLayout>(object.Get("filterLayout"), {{"hwio", FilterLayout::hwio},
                                                                              {"oihw", FilterLayout::oihw},
                                                                              {"ohwi", FilterLayout::ohwi},
                                                                              {"ihwo", FilterLayout::ihwo}});
  const Napi::Value bias = object.Get("bias");
  spec.bias = bias.IsNull() ? nullptr : decode_floats(bias, spec.out_channels);
  spec.border = decode_border(object.Get("border").As<Napi::Object>());
  spec.activation = decode_activation(object.Get("activation").As<Napi::Object>());
  spec.layout = decode_layout(object.Get("layout"));
  spec.in_type = decode_element_type(object.Get("inputType"));
  spec.out_type = decode_element_type(object.Get("outputType"));
  spec.flip = object.Get("flip").ToBoolean();
  spec.isa = decode_isa(object.Get("isa"));
  spec.algorithm = object.Get("algorithm").ToString();
  spec.accuracy =
      decode_name<Accuracy>(object.Get("accuracy"),
                            {{"exact", Accuracy::exact}, {"high", Accuracy::high}, {"fast", Accuracy::fast}});
  return spec;
}

PixelMlpSpec decode_mlp_spec(const Napi::Object& object) {
  PixelMlpSpec spec;
  const auto layers = object.Get("layers").As<Napi::Array>();
  for (std::uint32_t i = 0; i < layers.Length(); ++i) {
    spec.layers.push_back(decode_mlp_layer(layers.Get(i).As<Napi::Object>()));
  }
  spec.classify = decode_name<Classify>(
      object.Get("classify"),
      {{"none", Classify::none}, {"softmax", Classify::softmax}, {"argmax", Classify::argmax}});
  spec.layout = decode_layout(object.Get("layout"));
  spec.in_type = decode_element_type(object.Get("inputType"));
  spec.out_type = decode_element_type(object.Get("outputType"));
  spec.isa = decode_isa(object.Get("isa"));
  return spec;
}

const float* decode_floats(const Napi::Value& value, std::int64_t count) {
  return static_cast<const float*>(decode_elements(value, ElementType::float32, count));
}

// Multiplied as doubles, which round but do not overflow: a product too large for an array is too large for
// this one.
void* decode_image(const Napi::Value& value, ElementType type, const ImageShape& shape) {
  const double count = static_cast<double>(shape.batch) * static_cast<double>(shape.height) *
                       static_cast<double>(shape.width) * static_cast<double>(shape.channels);
  if (count > kLargestSize) throw contract_error(value.Env(), "a shape is too large");
  return decode_elements(value, type, static_cast<std::int64_t>(count));
}

}  // namespace simdconv::binding
