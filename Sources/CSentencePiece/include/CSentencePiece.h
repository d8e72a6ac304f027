#ifndef CSENTENCEPIECE_H
#define CSENTENCEPIECE_H

#include <stddef.h>
#include <stdint.h>

// SentencePiece behind a C interface: the only door to its C++.
//
// Contract of every function:
// - No C++ exception leaves it. A failure is a status other than CSP_OK (or a null tokenizer)
//   and one NUL-terminated text in `error`, cut to `error_capacity` bytes (at least 1).
//   On success `error` is left alone.
// - Text is UTF-8 given with its length and may contain NUL bytes. `text` may be null where its
//   length is 0.
// - Outputs are written on success only. What they point to is owned by the caller and goes back
//   through the matching `csp_free_…` function, which also takes an empty value.
// - Nothing is written to stdout or stderr: the first call silences the library for the process.
//
// The library ends the process (`exit`) where one of its own invariants fails, and its checks of a
// model file have known gaps. So `csp_tokenizer_create` must be given bytes that were validated
// before: see SentencePieceModel in Tokenization.

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  CSP_OK = 0,
  CSP_REFUSED = 1,        // the library returned an error
  CSP_OUT_OF_RANGE = 2,   // an id is negative or not below the vocabulary size
  CSP_OUT_OF_MEMORY = 3,
  CSP_EXCEPTION = 4,      // the library threw something else
} csp_status;

/// A loaded model. Immutable after creation: any number of threads may use it at once.
typedef struct csp_tokenizer csp_tokenizer;

typedef struct {
  uint8_t *values;
  size_t count;
} csp_bytes;

typedef struct {
  int32_t *values;
  size_t count;
} csp_ids;

/// Pieces one after the other; piece k is `bytes[k == 0 ? 0 : ends[k - 1] ..< ends[k]]`.
typedef struct {
  uint8_t *bytes;
  size_t *ends;
  size_t count;
} csp_pieces;

/// The ids of the pieces with a special meaning, -1 for one that the model does not have.
typedef struct {
  int32_t unknown;
  int32_t begin;
  int32_t end;
  int32_t padding;
} csp_special_ids;

/// Loads a serialized ModelProto, which is copied. Null on failure.
csp_tokenizer *csp_tokenizer_create(
    const uint8_t *model, size_t model_count, char *error, size_t error_capacity);

/// Takes null.
void csp_tokenizer_free(csp_tokenizer *tokenizer);

int32_t csp_vocabulary_size(const csp_tokenizer *tokenizer);

csp_special_ids csp_get_special_ids(const csp_tokenizer *tokenizer);

/// The id of the piece spelled exactly so, or the unknown piece's id.
int32_t csp_id_of_piece(const csp_tokenizer *tokenizer, const uint8_t *piece, size_t piece_count);

/// Adds no BOS or EOS. Text longer than 2^28 bytes is refused: the library counts in `int`, and
/// normalization may lengthen a text.
csp_status csp_encode(
    const csp_tokenizer *tokenizer, const uint8_t *text, size_t text_count, csp_ids *ids,
    char *error, size_t error_capacity);

/// As `csp_encode`, but gives each piece's text. Of an unknown piece that is the text it covers.
csp_status csp_encode_as_pieces(
    const csp_tokenizer *tokenizer, const uint8_t *text, size_t text_count, csp_pieces *pieces,
    char *error, size_t error_capacity);

/// `ids` may be null where `id_count` is 0. Every id is range-checked before the library sees it.
csp_status csp_decode(
    const csp_tokenizer *tokenizer, const int32_t *ids, size_t id_count, csp_bytes *text,
    char *error, size_t error_capacity);

/// Trains a model on `sentence_count` sentences; sentence k is
/// `text[k == 0 ? 0 : ends[k - 1] ..< ends[k]]`.
///
/// `options` holds NUL-terminated strings, key and value in turn, `options_count` bytes in all: the
/// flags of `spm_train` without dashes. A list is one value, comma-separated and quoted as CSV.
/// `input` and `model_prefix` must not be given. The sentences reach the library through its
/// iterator, so no path enters the model, whose serialized bytes are the result.
csp_status csp_train(
    const char *options, size_t options_count, const uint8_t *text, const size_t *ends,
    size_t sentence_count, csp_bytes *model, char *error, size_t error_capacity);

void csp_free_bytes(csp_bytes bytes);
void csp_free_ids(csp_ids ids);
void csp_free_pieces(csp_pieces pieces);

#ifdef __cplusplus
}
#endif

#endif
