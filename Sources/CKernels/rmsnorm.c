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

CK_CLONES void ck_rmsnorm_backward_gain(
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
