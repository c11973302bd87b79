// OpenCV's filter2D as a contender. Modes: f32, u8.
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "contender.h"

namespace {

bool is_image_filter(const Layer& l) {
  return l.batch == 1 && l.in_channels <= 4 && l.in_channels == l.out_channels && l.in_channels == l.groups &&
         l.stride.height == 1 && l.stride.width == 1 && l.dilation.height == 1 && l.dilation.width == 1 &&
         l.kernel.height == 2 * l.pad.height + 1 && l.kernel.width == 2 * l.pad.width + 1;
}

void contend(const Arguments& arguments) {
  Job job = read_job(arguments);
  const Layer& l = job.layer;
  if (!is_image_filter(l)) throw std::runtime_error("it does image filters alone");
  cv::setNumThreads(job.threads);
  cv::Mat image(l.height, l.width, CV_32FC(l.in_channels), job.input.data());
  if (job.mode == "u8") {
    cv::Mat bytes;
    image.convertTo(bytes, CV_8U);
    image = bytes;
  }
  cv::Mat weights(l.kernel.height, l.kernel.width, CV_32FC1);  // of the first channel; all have the same
  for (int tap = 0; tap < l.kernel.height * l.kernel.width; ++tap) {
    weights.ptr<float>()[tap] = job.filter[static_cast<size_t>(tap) * l.out_channels];
  }
  cv::Mat result(l.height, l.width, image.type());
  const auto run = [&] {
    cv::filter2D(image, result, -1, weights, cv::Point(-1, -1), 0, cv::BORDER_CONSTANT);
  };
  const auto output = [&] { return std::vector<char>(result.datastart, result.dataend); };
  serve(R"({"version":")" CV_VERSION R"(","numbers":")" + job.mode + R"("})", run, output);
}

}  // namespace

int main(int argc, char** argv) { return run_contender(argc, argv, contend); }
