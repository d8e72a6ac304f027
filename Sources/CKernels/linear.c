#include "CKernels.h"
#include "vector.h"

// A tile of R rows × P panels keeps R·P sums in registers; each is one chain over k, so the tile's
// shape cannot change a bit. Six sums hide the latency of a fused multiply-add and are all that 16
// registers of 8 lanes can hold. 32 registers of 16 lanes hold twelve: two multiply-adds a cycle
// have a latency to hide each, and a row that is loaded serves two panels.
CK_INLINE void tile(
  long R, long P, float *y, long ldy, const float *x, long ldx, const float *b, long panel_stride,
  long depth, int accumulate) {
  v16 sum[6][4];
  for (long r = 0; r < R; r++)
    for (long p = 0; p < P; p++)
      sum[r][p] = accumulate ? load(y + r * ldy + 16 * p) : (v16){0};
  for (long k = 0; k < depth; k++) {
    v16 w[4];
    for (long p = 0; p < P; p++) w[p] = load(b + p * panel_stride + 16 * k);
    for (long r = 0; r < R; r++) {
      v16 a = splat(x[r * ldx + k]);
      for (long p = 0; p < P; p++) sum[r][p] = fma16(a, w[p], sum[r][p]);
    }
  }
  for (long r = 0; r < R; r++)
    for (long p = 0; p < P; p++) store(y + r * ldy + 16 * p, sum[r][p]);
}

// R rows, P panels at a time while there are so many.
CK_INLINE void tiles_across(
  long R, long P, float *y, long ldy, const float *x, long ldx, const float *b, long panel_stride,
  long panels, long depth, int accumulate) {
  long p = 0;
  for (; p + P <= panels; p += P)
    tile(R, P, y + 16 * p, ldy, x, ldx, b + p * panel_stride, panel_stride, depth, accumulate);
  for (; p < panels; p++)
    tile(R, 1, y + 16 * p, ldy, x, ldx, b + p * panel_stride, panel_stride, depth, accumulate);
}

// All tiles of 6 rows × P panels among `count` rows, a multiple of 6.
CK_INLINE void tiles_down(
  long P, float *y, long ldy, const float *x, long ldx, const float *b, long panel_stride,
  long count, long depth, int accumulate) {
  for (long r = 0; r < count; r += 6)
    tile(6, P, y + r * ldy, ldy, x + r * ldx, ldx, b, panel_stride, depth, accumulate);
}

CK_INLINE void gemm(
  int wide, float *y, long ldy, const float *x, long ldx, const float *b, long panel_stride,
  long rows, long panels, long depth, int accumulate) {
  // Blocks of rows keep x in the first-level cache while all panels pass by.
  const long block = 48;
  while (rows >= 6) {
    long count = rows < block ? rows / 6 * 6 : block;
    long p = 0;
    for (; wide && p + 2 <= panels; p += 2)
      tiles_down(
        2, y + 16 * p, ldy, x, ldx, b + p * panel_stride, panel_stride, count, depth, accumulate);
    for (; p < panels; p++)
      tiles_down(
        1, y + 16 * p, ldy, x, ldx, b + p * panel_stride, panel_stride, count, depth, accumulate);
    y += count * ldy;
    x += count * ldx;
    rows -= count;
  }
  // With few rows, several panels take the rows' place.
#define across(R, P) tiles_across(R, P, y, ldy, x, ldx, b, panel_stride, panels, depth, accumulate)
  switch (rows) {
    case 5: if (wide) across(5, 2); else across(5, 1); break;
    case 4: if (wide) across(4, 3); else across(4, 1); break;
    case 3: if (wide) across(3, 4); else across(3, 2); break;
    case 2: if (wide) across(2, 4); else across(2, 3); break;
    case 1: across(1, 4); break;
    default: break;
  }
#undef across
}

CK_NARROW void ck_linear_forward_narrow(
  float *y, long ldy, const float *x, long ldx, const float *b, long panel_stride, long rows,
  long panels, long depth, int accumulate) {
  gemm(0, y, ldy, x, ldx, b, panel_stride, rows, panels, depth, accumulate);
}

CK_WIDE static void gemm_wide(
  float *y, long ldy, const float *x, long ldx, const float *b, long panel_stride, long rows,
  long panels, long depth, int accumulate) {
  gemm(1, y, ldy, x, ldx, b, panel_stride, rows, panels, depth, accumulate);
}

void ck_linear_forward(
  float *y, long ldy, const float *x, long ldx, const float *b, long panel_stride, long rows,
  long panels, long depth, int accumulate) {
  if (ck_is_wide())
    gemm_wide(y, ldy, x, ldx, b, panel_stride, rows, panels, depth, accumulate);
  else
    ck_linear_forward_narrow(y, ldy, x, ldx, b, panel_stride, rows, panels, depth, accumulate);
}

CK_CLONES void ck_linear_gather(
  float *dst, long ld, const float *src, long ldsrc, const int32_t *index, long rows,
  long panels) {
  for (long r = 0; r < rows; r++) {
    const float *row = src + index[r] * ldsrc;
    for (long p = 0; p < panels; p++) store(dst + (p * ld + r) * 16, load(row + 16 * p));
  }
}

void ck_linear_transpose(float *dst, const float *src, long N, long K, long first, long last) {
  long padded = (N + 15) / 16 * 16;
  for (long kp = first; kp < last; kp++)
    for (long np = 0; np < padded / 16; np++)
      for (long l = 0; l < 16; l++) {
        long k = 16 * kp + l;
        for (long n = 0; n < 16; n++)
          dst[(kp * padded + 16 * np + n) * 16 + l] = k < K ? src[(np * K + k) * 16 + n] : 0;
      }
}

CK_INLINE void outer_tile(
  long I, float *g, const float *x, const float *dy, long rows) {
  v16 sum[16];
  for (long i = 0; i < I; i++) sum[i] = load(g + 16 * i);
  for (long r = 0; r < rows; r++) {
    v16 d = load(dy + 16 * r);
    for (long i = 0; i < I; i++) sum[i] = fma16(splat(x[16 * r + i]), d, sum[i]);
  }
  for (long i = 0; i < I; i++) store(g + 16 * i, sum[i]);
}

CK_INLINE void outer(
  int wide, float *g, const float *x, const float *dy, long ld, long rows, long inputs) {
  for (long k = 0; k < inputs; k += 16) {
    const float *panel = x + k * ld;
    if (k + 16 > inputs) {
      for (long i = 0; k + i < inputs; i++) outer_tile(1, g + 16 * (k + i), panel + i, dy, rows);
    } else if (wide) {
      outer_tile(16, g + 16 * k, panel, dy, rows);
    } else {
      outer_tile(6, g + 16 * k, panel, dy, rows);
      outer_tile(5, g + 16 * (k + 6), panel + 6, dy, rows);
      outer_tile(5, g + 16 * (k + 11), panel + 11, dy, rows);
    }
  }
}

CK_NARROW void ck_linear_backward_weight_narrow(
  float *g, const float *x, const float *dy, long ld, long rows, long inputs) {
  outer(0, g, x, dy, ld, rows, inputs);
}

CK_WIDE static void outer_wide(
  float *g, const float *x, const float *dy, long ld, long rows, long inputs) {
  outer(1, g, x, dy, ld, rows, inputs);
}

void ck_linear_backward_weight(
  float *g, const float *x, const float *dy, long ld, long rows, long inputs) {
  if (ck_is_wide())
    outer_wide(g, x, dy, ld, rows, inputs);
  else
    ck_linear_backward_weight_narrow(g, x, dy, ld, rows, inputs);
}
