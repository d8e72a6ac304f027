#include "CKernels.h"
#include "vector.h"

// u = log(q / p) from the difference of the logits, which is exact where they are close. A logit of
// −∞ is taken as the least number, so that two of them differ by nothing.
#define log_ratio(p, q, i)                                                             \
  ({                                                                                   \
    v16 least_ = splat(-3.0e38f);                                                      \
    v16 u_ = max16(load((q).logits + (i)), least_) - max16(load((p).logits + (i)), least_); \
    u_ = fma16(u_, splat(inverse_temperature), splat(offset));                         \
    __builtin_elementwise_min(max16(u_, splat(-1000.0f)), splat(1000.0f));             \
  })

CK_CLONES double ck_exact_kl_forward(
  ck_distribution p, ck_distribution q, long count, float inverse_temperature, float offset) {
  double total = 0;
  for (long block = 0; block < count; block += 512) {
    long end = block + 512 < count ? block + 512 : count;
    v16 sum = {0};
    for (long i = block; i < end; i += 16) {
      v16 u = log_ratio(p, q, i);
      v16 pj = load(p.exponentials + i) * splat(p.inverse_sum);
      v16 qj = load(q.exponentials + i) * splat(q.inverse_sum);
      // e^u − 1 − u by its Taylor series to u⁹ for |u| < ½ (truncation below 3e-9 relative); beyond,
      // it is no small difference.
      v16 series = splat(1.0f / 362880);
      series = fma16(series, u, splat(1.0f / 40320));
      series = fma16(series, u, splat(1.0f / 5040));
      series = fma16(series, u, splat(1.0f / 720));
      series = fma16(series, u, splat(1.0f / 120));
      series = fma16(series, u, splat(1.0f / 24));
      series = fma16(series, u, splat(1.0f / 6));
      series = fma16(series, u, splat(0.5f));
      i16 close = (u < splat(0.5f)) & (u > splat(-0.5f));
      v16 term = select16(close, pj * (u * u) * series, fma16(-pj, u, qj - pj));
      sum += (v16)((i16)term & inside16(count - i));
    }
    total += sum16(sum);
  }
  return total;
}

CK_CLONES void ck_exact_kl_backward(
  float *dlogits, ck_distribution p, ck_distribution q, long count, float inverse_temperature,
  float offset, float c, float h, float kl) {
  for (long i = 0; i < count; i += 16) {
    v16 u = log_ratio(p, q, i);
    v16 pj = load(p.exponentials + i) * splat(p.inverse_sum);
    v16 qj = load(q.exponentials + i) * splat(q.inverse_sum);
    v16 d = fma16(splat(c), pj - qj, splat(h) * (pj * (-u - splat(kl))));
    d = fma16(d, splat(inverse_temperature), load(dlogits + i));
    store(dlogits + i, select16(inside16(count - i), d, load(dlogits + i)));
  }
}
