#include "CKernels.h"
#include "vector.h"

// Lanes at or past `count` become −∞.
#define masked_load(p, i, count)                                                           \
  ({                                                                                       \
    v16 m_ = load((p) + (i));                                                              \
    if ((i) + 16 > (count)) {                                                              \
      m_ = select16(inside16((count) - (i)), m_, splat(-__builtin_inff()));                \
    }                                                                                      \
    m_;                                                                                    \
  })

CK_CLONES ck_softmax_row ck_softmax_forward(
  float *exponentials, const float *logits, long count, float inverse_temperature) {
  v16 scale = splat(inverse_temperature), highest = splat(-__builtin_inff());
  for (long i = 0; i < count; i += 16) highest = max16(highest, masked_load(logits, i, count) * scale);
  ck_softmax_row row = {maximum16(highest), 0, 0};
  v16 maximum = splat(row.maximum);
  i16 unordered = {0};
  for (long block = 0; block < count; block += 512) {
    long end = block + 512 < count ? block + 512 : count;
    v16 sum = {0}, weighted = {0};
    for (long i = block; i < end; i += 16) {
      v16 z = masked_load(logits, i, count) * scale;
      unordered |= (i16)(z != z);
      v16 e = exp16(z - maximum);
      store(exponentials + i, e);
      sum += e;
      // e is 0 where z is −∞, and 0 · −∞ would be NaN.
      weighted = fma16(e, max16(z - maximum, splat(-1000.0f)), weighted);
    }
    row.sum += sum16(sum);
    row.weighted += sum16(weighted);
  }
  if (__builtin_reduce_or(unordered) || !(row.maximum < __builtin_inff())) row.sum = __builtin_nan("");
  return row;
}

CK_CLONES void ck_softmax_backward(
  float *dlogits, const float *exponentials, const float *logits, long count,
  float inverse_temperature, float inverse_sum, float log_partition, float c, float h,
  float entropy) {
  for (long i = 0; i < count; i += 16) {
    v16 p = load(exponentials + i) * splat(inverse_sum);
    v16 logp = fma16(load(logits + i), splat(inverse_temperature), splat(-log_partition));
    v16 inner = fma16(splat(h), max16(logp, splat(-1000.0f)) + splat(entropy), splat(c));
    v16 d = -(p * inner) * splat(inverse_temperature);
    if (i + 16 > count) d = (v16)((i16)d & inside16(count - i));
    store(dlogits + i, d);
  }
}

CK_CLONES void ck_softmax_tangent(
  float *tlogp, const float *exponentials, const float *tlogits, long count,
  float inverse_temperature, double sum) {
  double weighted = 0;
  for (long block = 0; block < count; block += 512) {
    long end = block + 512 < count ? block + 512 : count;
    v16 products = {0};
    for (long i = block; i < end; i += 16) {
      v16 along = (v16)((i16)load(tlogits + i) & inside16(count - i));
      products = fma16(load(exponentials + i), along, products);
    }
    weighted += sum16(products);
  }
  v16 mean = splat((float)(weighted / sum));
  for (long i = 0; i < count; i += 16) {
    v16 t = (load(tlogits + i) - mean) * splat(inverse_temperature);
    store(tlogp + i, (v16)((i16)t & inside16(count - i)));
  }
}

CK_CLONES void ck_softmax_fisher(
  float *dlogits, const float *exponentials, const float *tlogp, long count, float inverse_sum,
  float c) {
  for (long i = 0; i < count; i += 16) {
    v16 p = load(exponentials + i) * splat(inverse_sum);
    store(dlogits + i, splat(c) * (p * load(tlogp + i)));
  }
}

CK_CLONES long ck_softmax_draw(const float *exponentials, long count, double target) {
  double passed = 0;
  long last = 0;
  for (long i = 0; i < count; i += 16) {
    double after = passed + sum16(load(exponentials + i));
    if (after > target)
      for (long j = i; j < i + 16 && j < count; j++) {
        if (exponentials[j] > 0) last = j;
        passed += exponentials[j];
        if (passed > target) return last;
      }
    // What 16 single additions missed of their tree sum is made up here, so the order is fixed.
    passed = after;
    for (long j = i; j < i + 16 && j < count; j++)
      if (exponentials[j] > 0) last = j;
  }
  return last;
}
