#include "CKernels.h"
#include "vector.h"

typedef double d8 __attribute__((vector_size(64)));
typedef double d8_unaligned __attribute__((vector_size(64), aligned(4)));
typedef float v8_unaligned __attribute__((vector_size(32), aligned(4)));

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

CK_CLONES double ck_sum_of_squares(const float *x, long count) {
  d8 sum = {0};
  long i = 0;
  for (; i + 8 <= count; i += 8) {
    d8 wide = __builtin_convertvector(*(const v8_unaligned *)(x + i), d8);
    sum += wide * wide;
  }
  for (long l = 0; i + l < count; l++) sum[l] += (double)x[i + l] * x[i + l];
  return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}
