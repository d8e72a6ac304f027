/// The hot loops of the engine: what needs wide vectors and fused multiply-add.
///
/// Rules that hold for every function here:
/// - No allocation, no globals, no input or output. Pointers do not alias unless it is said.
/// - A row of C numbers is stored with a stride that is a multiple of 16; the lanes from C up to
///   the stride hold zeros in every input and are left zero in every output.
/// - Every sum has one order, fixed by its length alone: 16 lanes counted from element 0, each a
///   chain of fused multiply-adds, joined by one tree. A row's result therefore depends on that
///   row only, never on the rows beside it. Contraction by the compiler is off.
/// - Functions are compiled for x86-64-v4, -v3 and the base level and chosen once by the loader.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stdint.h>

/// Tells the processor that the caller is spinning.
static inline void ck_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// y[r, 16p + l] = Σ_k x[r, k] · b[p, k, l], one chain over k in ascending order.
/// Adds to y instead when `accumulate` is not 0: the chain then starts from y.
/// Shapes: x: [rows, ≥ depth], row stride ldx; b: [panels][depth][16], panel stride
/// `panel_stride` floats; y: [rows, 16·panels], row stride ldy.
void ck_linear_forward(
  float *y, long ldy, const float *x, long ldx, const float *b, long panel_stride, long rows,
  long panels, long depth, int accumulate);
/// The same bits by the loops for processors with fewer registers.
void ck_linear_forward_narrow(
  float *y, long ldy, const float *x, long ldx, const float *b, long panel_stride, long rows,
  long panels, long depth, int accumulate);

/// dst[p][r][l] = src[index[r] · ldsrc + 16p + l] (a gather into panels), r < rows.
/// Panel stride of dst is 16 · ld floats.
void ck_linear_gather(
  float *dst, long ld, const float *src, long ldsrc, const int32_t *index, long rows,
  long panels);

/// One panel of a weight gradient: g[k, l] += Σ_r x[r, k] · dy[r, l], one chain over r in ascending
/// order that starts from g. Shapes: g: [inputs][16]; x: [⌈inputs/16⌉][ld][16] and dy: [ld][16], as
/// ck_linear_gather writes them; rows ≤ ld.
void ck_linear_backward_weight(
  float *g, const float *x, const float *dy, long ld, long rows, long inputs);
/// The same bits by the loops for processors with fewer registers.
void ck_linear_backward_weight_narrow(
  float *g, const float *x, const float *dy, long ld, long rows, long inputs);

/// Turns panels over outputs into panels over inputs:
/// dst[kp][n][l] = src[n / 16][16 kp + l][n % 16]; lanes with 16 kp + l ≥ K become 0.
/// Shapes: src: [N/16][K][16]; dst: [⌈K/16⌉][16·⌈N/16⌉][16]. Does panels kp in first..<last.
void ck_linear_transpose(float *dst, const float *src, long N, long K, long first, long last);

/// x[r] = row tokens[r] of a table in panels [⌈V/16⌉][inputs][16], and zeros up to ld.
void ck_embedding_forward(
  float *x, long ld, const float *panels, long inputs, const int32_t *tokens, long rows);

/// Row tokens[i] of the gradient += dx[i] for i = index[0], index[1], …, columns first..<last.
void ck_embedding_backward(
  float *gradient, long inputs, const float *dx, long ld, const int32_t *tokens,
  const int32_t *index, long rows, long first, long last);

/// y[r] = gain · x[r] · rstd[r], rstd[r] = 1/√(mean(x[r]²) + epsilon).
void ck_rmsnorm_forward(
  float *y, float *rstd, const float *x, const float *gain, long rows, long ld, long channels,
  float epsilon);

/// dx[r] += rstd · (gain·dy − x̂ · mean(gain·dy·x̂)), x̂ = x·rstd.
void ck_rmsnorm_backward(
  float *dx, const float *dy, const float *x, const float *gain, const float *rstd, long rows,
  long ld, long channels);

/// dgain[c] += Σ_r dy[i(r), c] · x[i(r), c] · rstd[i(r)], r in ascending order, i = index, for the
/// columns first..<last (multiples of 16).
void ck_rmsnorm_backward_gain(
  float *dgain, const float *dy, const float *x, const float *rstd, const int32_t *index,
  long rows, long ld, long first, long last);

/// ty[r] = rstd[r] · (tgain·x + gain·(tx − x̂ · mean(x̂·tx))), x̂ = x·rstd: the derivative of y along
/// (tx, tgain). ty may alias tx.
void ck_rmsnorm_tangent(
  float *ty, const float *tx, const float *x, const float *gain, const float *tgain,
  const float *rstd, long rows, long ld, long channels);

/// Rotary embedding in place, halves split: (a, b) ← (a·cos − b·sin, b·cos + a·sin) for
/// a = x[h·D + i], b = x[h·D + D/2 + i]. `sign` −1 turns back (the transpose).
/// cosines and sines: [position][D/2].
void ck_rotary(
  float *x, long ld, long rows, long heads, long head_size, const float *cosines,
  const float *sines, const int32_t *positions, float sign);

/// What one call of attention works on.
///
/// Row r has `heads` queries of `head_size` numbers; query head h reads key/value head h′ = h / (heads
/// / kv_heads). It attends to the rows at the positions 0 ... positions[r] of its sequence: key_j =
/// table[sequences[r] · capacity + j].
typedef struct {
  const float *q;       ///< [rows, heads · head_size]
  const float *k, *v;   ///< [rows, kv_heads · head_size]; read up to 15 floats past a row's end
  float *out;           ///< [rows, heads · head_size]; written forward, read by the other two
  float *statistics;    ///< [rows, 2 heads], max and 1/Σ of each softmax; written forward, then read
  long ldq, ldkv, ldout, ldstatistics;  ///< row strides; ldkv is that of k and v
  const int32_t *table;       ///< [sequences, capacity]: rows of k and v
  const int32_t *sequences;   ///< of each row
  const int32_t *positions;   ///< of each row
  long capacity;
  long heads, kv_heads, head_size;  ///< head_size ≤ 128
  float scale;                      ///< of the scores: 1/√head_size
  float *scores;  ///< scratch: 16 floats more than the longest sequence
  float *padded;  ///< scratch: 128 floats
} ck_attention;

/// out[r, h] = Σ_j p_j v[key_j, h′],  p = softmax_j(scale · q[r, h]·k[key_j, h′]), for r < rows.
void ck_attention_forward(ck_attention a, long rows);

/// The transpose of the above for the query heads of one kv head: adds to dq, dk, dv. Query rows are
/// index[0], index[1], … in that order; all pointers are to row 0. dq is laid out as q, dk and dv as k
/// and v, dout as out.
void ck_attention_backward(
  ck_attention a, float *dq, float *dk, float *dv, const float *dout, const int32_t *index,
  long rows, long kv_head);

/// The derivative of out along (tq, tk, tv): with p of the forward pass and its statistics,
/// ts_j = scale · (tq·k_j + q·tk_j),  tout = Σ_j p_j (tv_j + ts_j v_j) − (Σ_j p_j ts_j) out.
/// tout is laid out as out, tq as q, tk and tv as k and v. What lies past a head's end in tk and tv is
/// read, but never used.
void ck_attention_tangent(
  ck_attention a, float *tout, const float *tq, const float *tk, const float *tv, long rows);

/// y = silu(gate) · up, silu(x) = x / (1 + e^−x).
void ck_swiglu_forward(float *y, const float *gate, const float *up, long count);

/// Writes dgate and dup (no accumulation). dgate may alias gate, dup may alias up.
void ck_swiglu_backward(
  float *dgate, float *dup, const float *dy, const float *gate, const float *up, long count);

/// ty = silu′(gate) · up · tgate + silu(gate) · tup. ty may alias tgate or tup.
void ck_swiglu_tangent(
  float *ty, const float *tgate, const float *tup, const float *gate, const float *up, long count);

/// What one row of logits says: of z = logits · inverse_temperature over the first `count`
/// entries, `maximum` = max z, `sum` = Σ e^(z − max), `weighted` = Σ e^(z − max) · (z − max).
/// Writes e^(z − max) to `exponentials` up to the next multiple of 16 (padded lanes get 0).
/// Sums run over 512 entries in float, then in double. A NaN or +∞ among the logits makes `sum` NaN.
typedef struct {
  float maximum;
  double sum, weighted;
} ck_softmax_row;
ck_softmax_row ck_softmax_forward(
  float *exponentials, const float *logits, long count, float inverse_temperature);

/// The first index at which the running sum of `exponentials` (as ck_softmax_forward writes them) passes
/// `target`, never one whose exponential is 0; the last such index if rounding leaves none.
long ck_softmax_draw(const float *exponentials, long count, double target);

/// The gradient of Σ cᵢ log p(tᵢ) + h·H(p) with respect to the logits, but for the +cᵢ at the
/// targets: dlogits[j] = −inverse_temperature · p_j · (c + h·(log p_j + entropy)), c = Σ cᵢ,
/// p_j = exponentials[j] · inverse_sum, log p_j = logits[j] · inverse_temperature − log_partition.
/// dlogits may alias logits or exponentials. Padded lanes get 0.
void ck_softmax_backward(
  float *dlogits, const float *exponentials, const float *logits, long count,
  float inverse_temperature, float inverse_sum, float log_partition, float c, float h,
  float entropy);

/// The derivative of log p along tlogits: tlogp[j] = inverse_temperature · (tlogits[j] − Σ_i p_i
/// tlogits[i]), p_i = exponentials[i] / sum. The sum runs as in ck_softmax_forward. tlogp may alias tlogits.
/// Padded lanes get 0.
void ck_softmax_tangent(
  float *tlogp, const float *exponentials, const float *tlogits, long count,
  float inverse_temperature, double sum);

/// dlogits[j] = c · p_j · tlogp[j], p_j = exponentials[j] · inverse_sum. dlogits may alias either.
void ck_softmax_fisher(
  float *dlogits, const float *exponentials, const float *tlogp, long count, float inverse_sum,
  float c);

/// Two distributions over the same `count` tokens, as ck_softmax_forward left them: probabilities
/// exponentials[j] · inverse_sum, of logits · inverse_temperature.
typedef struct {
  const float *exponentials, *logits;
  float inverse_sum;
} ck_distribution;

/// KL(p‖q) = Σ p_j log(p_j / q_j), summed as Σ p_j (e^u − 1 − u) with u = log(q_j / p_j): no term is
/// negative, none but a rounding error of second order is lost where p and q are close, and equal
/// rows give exactly 0. `offset` is log-partition p − log-partition q; |u| is taken as at most 1000.
/// Sums run over 512 entries in float, then in double.
double ck_exact_kl_forward(
  ck_distribution p, ck_distribution q, long count, float inverse_temperature, float offset);

/// Adds the gradient of c·KL(q‖p) + h·KL(p‖q) with respect to the logits of p:
/// dlogits[j] += inverse_temperature · (c·(p_j − q_j) + h·p_j·(log(p_j / q_j) − kl)), kl = KL(p‖q).
/// dlogits aliases neither row. Padded lanes are left.
void ck_exact_kl_backward(
  float *dlogits, ck_distribution p, ck_distribution q, long count, float inverse_temperature,
  float offset, float c, float h, float kl);

/// One AdamW update of `count` parameters, decoupled weight decay first as PyTorch does:
/// w ← w·decay; m ← m + share1·(g − m); v ← β₂v + share2·g²; w ← w − step · m / (√v · root + epsilon)
/// with g = gradient · scale, step = lr/(1−β₁ᵗ), root = 1/√(1−β₂ᵗ). The shares are 1−β₁ and 1−β₂,
/// each rounded once: taken from a rounded β₂ of 0.999, the latter would be off by 1e-5.
void ck_adamw(
  float *w, float *m, float *v, const float *gradient, long count, float scale, float decay,
  float share1, float beta2, float share2, float step, float root, float epsilon);

/// y = exp(x), relative error below 2e-7 of the true value; x below −87.3 gives 0; x above 88
/// is taken as 88.
void ck_exp(float *y, const float *x, long count);

/// The natural logarithm in double precision, relative error below 1e-13, for finite x > 0.
double ck_log(double x);

/// y[i] += alpha · x[i].
void ck_axpy(float *y, const float *x, float alpha, long count);

/// Σ x[i]² in double: 8 lanes from element 0, joined by one tree.
double ck_sum_of_squares(const float *x, long count);

/// state ← SHA-256's state after `count` more blocks of 64 bytes (FIPS 180-4, 6.2.2), by arithmetic
/// that every processor has. Shapes: state: [8]; blocks: [count][64], at any address.
void ck_sha256_plain(uint32_t *state, const uint8_t *blocks, long count);
/// The same by the processor's instructions for it; only where ck_has_sha256() is not 0.
void ck_sha256_native(uint32_t *state, const uint8_t *blocks, long count);
/// Whether there are such instructions. Asks the processor, so the answer is worth keeping.
int ck_has_sha256(void);

#endif
