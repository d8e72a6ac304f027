#include "CKernels.h"
#include "vector.h"

CK_CLONES void ck_rmsnorm_forward(
  float *y, float *rstd, const float *x, const float *gain, long rows, long ld, long channels,
  float epsilon) {
  for (long r = 0; r < rows; r++) {
    const float *in = x + r * ld;
    v16 squares = {0};
    for (long c = 0; c < ld; c += 16) squares = fma16(load(in + c), load(in + c), squares);
    float scale = 1 / __builtin_elementwise_sqrt(sum16(squares) / (float)channels + epsilon);
    rstd[r] = scale;
    for (long c = 0; c < ld; c += 16)
      store(y + r * ld + c, load(gain + c) * (load(in + c) * splat(scale)));
  }
}

CK_CLONES void ck_rmsnorm_backward(
  float *dx, const float *dy, const float *x, const float *gain, const float *rstd, long rows,
  long ld, long channels) {
  for (long r = 0; r < rows; r++) {
    const float *in = x + r * ld, *up = dy + r * ld;
    float *out = dx + r * ld;
    v16 scale = splat(rstd[r]), products = {0};
    for (long c = 0; c < ld; c += 16)
      products = fma16(load(gain + c) * load(up + c), load(in + c) * scale, products);
    v16 mean = splat(sum16(products) / (float)channels);
    for (long c = 0; c < ld; c += 16) {
      v16 normalized = load(in + c) * scale;
      v16 centered = fma16(-normalized, mean, load(gain + c) * load(up + c));
      store(out + c, fma16(scale, centered, load(out + c)));
    }
  }
}

CK_CLONES void ck_rmsnorm_gain_backward(
  float *dgain, const float *dy, const float *x, const float *rstd, const int32_t *index,
  long rows, long ld, long first, long last) {
  for (long r = 0; r < rows; r++) {
    long row = index[r];
    v16 scale = splat(rstd[row]);
    for (long c = first; c < last; c += 16)
      store(
        dgain + c,
        fma16(load(dy + row * ld + c), load(x + row * ld + c) * scale, load(dgain + c)));
  }
}

CK_CLONES void ck_rmsnorm_tangent(
  float *ty, const float *tx, const float *x, const float *gain, const float *tgain,
  const float *rstd, long rows, long ld, long channels) {
  for (long r = 0; r < rows; r++) {
    const float *in = x + r * ld, *along = tx + r * ld;
    v16 scale = splat(rstd[r]), products = {0};
    for (long c = 0; c < ld; c += 16)
      products = fma16(load(in + c) * scale, load(along + c), products);
    v16 mean = splat(sum16(products) / (float)channels);
    for (long c = 0; c < ld; c += 16) {
      v16 centered = fma16(-(load(in + c) * scale), mean, load(along + c));
      store(
        ty + r * ld + c,
        scale * fma16(load(gain + c), centered, load(tgain + c) * load(in + c)));
    }
  }
}

void ck_rotary(
  float *x, long ld, long rows, long heads, long head_size, const float *cosines,
  const float *sines, const int32_t *positions, float sign) {
  long half = head_size / 2;
  for (long r = 0; r < rows; r++) {
    const float *c = cosines + positions[r] * half, *s = sines + positions[r] * half;
    for (long h = 0; h < heads; h++) {
      float *a = x + r * ld + h * head_size, *b = a + half;
      for (long i = 0; i < half; i++) {
        float sine = sign * s[i];
        float left = a[i] * c[i] - b[i] * sine;
        float right = b[i] * c[i] + a[i] * sine;
        a[i] = left;
        b[i] = right;
      }
    }
  }
}

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

CK_CLONES void ck_axpy(float *y, const float *x, float alpha, long count) {
  long i = 0;
  for (; i + 16 <= count; i += 16) store(y + i, fma16(splat(alpha), load(x + i), load(y + i)));
  for (; i < count; i++) y[i] = __builtin_elementwise_fma(alpha, x[i], y[i]);
}

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
