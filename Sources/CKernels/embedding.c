#include "CKernels.h"
#include "vector.h"

void ck_embedding_forward(
  float *x, long ld, const float *panels, long inputs, const int32_t *tokens, long rows) {
  for (long r = 0; r < rows; r++) {
    const float *column = panels + (long)(tokens[r] / 16) * inputs * 16 + tokens[r] % 16;
    for (long k = 0; k < inputs; k++) x[r * ld + k] = column[16 * k];
    // A row that held NaN in this memory has NaN past its columns too: 0·NaN is NaN.
    for (long k = inputs; k < ld; k++) x[r * ld + k] = 0;
  }
}

void ck_embedding_backward(
  float *gradient, long inputs, const float *dx, long ld, const int32_t *tokens,
  const int32_t *index, long rows, long first, long last) {
  for (long r = 0; r < rows; r++) {
    long row = index[r];
    float *column = gradient + (long)(tokens[row] / 16) * inputs * 16 + tokens[row] % 16;
    for (long k = first; k < last; k++) column[16 * k] += dx[row * ld + k];
  }
}
