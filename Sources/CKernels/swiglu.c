#include "CKernels.h"
#include "vector.h"

CK_CLONES void ck_swiglu_forward(float *y, const float *gate, const float *up, long count) {
  for (long i = 0; i < count; i += 16) {
    v16 g = load(gate + i);
    store(y + i, g / (exp16(-g) + 1.0f) * load(up + i));
  }
}

CK_CLONES void ck_swiglu_backward(
  float *dgate, float *dup, const float *dy, const float *gate, const float *up, long count) {
  for (long i = 0; i < count; i += 16) {
    v16 g = load(gate + i), u = load(up + i), d = load(dy + i);
    v16 sigmoid = 1.0f / (exp16(-g) + 1.0f);
    // d silu/dg = σ(g) · (1 + g · (1 − σ(g)))
    store(dup + i, d * (g * sigmoid));
    store(dgate + i, d * u * (sigmoid * fma16(g, 1.0f - sigmoid, splat(1.0f))));
  }
}

CK_CLONES void ck_swiglu_tangent(
  float *ty, const float *tgate, const float *tup, const float *gate, const float *up,
  long count) {
  for (long i = 0; i < count; i += 16) {
    v16 g = load(gate + i), u = load(up + i);
    v16 sigmoid = 1.0f / (exp16(-g) + 1.0f);
    v16 slope = sigmoid * fma16(g, 1.0f - sigmoid, splat(1.0f));
    store(ty + i, fma16(slope * u, load(tgate + i), (g * sigmoid) * load(tup + i)));
  }
}
