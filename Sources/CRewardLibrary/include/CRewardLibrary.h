// Loads a library that implements grpo_reward.h, and calls it. Rounding and the current directory are
// afterwards what they were before.
#ifndef CREWARDLIBRARY_H
#define CREWARDLIBRARY_H

#include "grpo_reward.h"

#define CRL_MESSAGE_SIZE 512

typedef struct crl_library crl_library;

// NULL with the reason in message, of CRL_MESSAGE_SIZE bytes, if the file cannot be loaded, lacks a
// function or is of another version. A library that ends the program while it is loaded or called
// ends it with status 70 and a line that names it.
crl_library *crl_open(const char *path, char *message);

// Ends the library; the pointer is invalid afterwards.
void crl_close(crl_library *library);

// Scores completions whose texts lie in one buffer. For completion i, texts 4i to 4i+3 are prompt,
// completion, label and columns: text k starts at offsets[k], has lengths[k] bytes and a NUL behind
// them; lengths[k] of SIZE_MAX means there is none. Its ids are ids[id_offsets[i]] up to
// ids[id_offsets[i+1]]. rewards, status and message are as in grpo_reward.h; message has
// CRL_MESSAGE_SIZE bytes. Returns what the library returns, or -1 when out of memory.
int32_t crl_score(const crl_library *library, int64_t step, size_t count, const char *texts,
                  const size_t *offsets, const size_t *lengths, const int64_t *ids,
                  const size_t *id_offsets, const int32_t *finished, double *rewards,
                  int32_t *status, char *message);

// The path of the library that is being called, NULL when none is. A signal's handler may ask.
const char *crl_called(void);

#endif
