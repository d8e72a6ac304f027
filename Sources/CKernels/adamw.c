#include "CKernels.h"
#include "vector.h"

CK_CLONES void ck_adamw(
  float *w, float *m, float *v, const float *gradient, long count, float scale, float decay,
  float share1, float beta2, float share2, float step, float root, float epsilon) {
  for (long i = 0; i + 16 <= count; i += 16) {
    v16 g = load(gradient + i) * splat(scale);
    v16 first = load(m + i), second = load(v + i);
    first = fma16(g - first, splat(share1), first);
    second = fma16(g * splat(share2), g, second * splat(beta2));
    store(m + i, first);
    store(v + i, second);
    v16 denominator = fma16(__builtin_elementwise_sqrt(second), splat(root), splat(epsilon));
    store(w + i, load(w + i) * splat(decay) - splat(step) * (first / denominator));
  }
}
