#include "CKernels.h"
#include "vector.h"

CK_CLONES void ck_exp(float *y, const float *x, long count) {
  for (long i = 0; i < count; i += 16) {
    float padded[16] = {0};
    long n = count - i < 16 ? count - i : 16;
    memcpy(padded, x + i, n * sizeof(float));
    v16 e = exp16(load(padded));
    store(padded, e);
    memcpy(y + i, padded, n * sizeof(float));
  }
}

// log x = e·ln 2 + log m with m in [√½, √2): log m = 2 atanh(s), s = (m − 1)/(m + 1), |s| < 0.172,
// by its series to s²¹.
double ck_log(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  int64_t exponent = (int64_t)(bits >> 52) - 1023;
  if (exponent == -1023) return ck_log(x * 0x1p54) - 54 * 0.693147180559945309417;
  bits = (bits & 0x000fffffffffffffull) | 0x3ff0000000000000ull;
  double m;
  memcpy(&m, &bits, sizeof m);
  if (m > 1.41421356237309504880) {
    m *= 0.5;
    exponent += 1;
  }
  double s = (m - 1) / (m + 1), square = s * s, series = 0;
  for (int n = 21; n >= 1; n -= 2) series = series * square + 1.0 / n;
  return (double)exponent * 0.693147180559945309417 + 2 * s * series;
}
