#include "CKernels.h"
#include "vector.h"

typedef double d8 __attribute__((vector_size(64)));
typedef double d8_unaligned __attribute__((vector_size(64), aligned(4)));
typedef float v8_unaligned __attribute__((vector_size(32), aligned(4)));

CK_CLONES void ck_axpy(float *y, const float *x, float alpha, long count) {
  long i = 0;
  for (; i + 16 <= count; i += 16) store(y + i, fma16(splat(alpha), load(x + i), load(y + i)));
  for (; i < count; i++) y[i] = __builtin_elementwise_fma(alpha, x[i], y[i]);
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
