// The kernels that this build has, by instruction set.
#include "kernels/kernels.h"

namespace simdconv {

namespace scalar {
extern const KernelTable kKernels;
}
#if defined(SIMDCONV_HAVE_AVX2)
namespace avx2 {
extern const KernelTable kKernels;
}
#endif
#if defined(SIMDCONV_HAVE_AVX512)
namespace avx512 {
extern const KernelTable kKernels;
}
#endif
#if defined(SIMDCONV_HAVE_NEON)
namespace neon {
extern const KernelTable kKernels;
}
#endif

const KernelTable* kernels_for(Isa isa) {
  switch (isa) {
    case Isa::scalar:
      return &scalar::kKernels;
#if defined(SIMDCONV_HAVE_AVX2)
    case Isa::avx2:
      return &avx2::kKernels;
#endif
#if defined(SIMDCONV_HAVE_AVX512)
    case Isa::avx512:
      return &avx512::kKernels;
#endif
#if defined(SIMDCONV_HAVE_NEON)
    case Isa::neon:
      return &neon::kKernels;
#endif
    default:
      return nullptr;
  }
}

}  // namespace simdconv
