#include "CRewardLibrary.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct crl_library {
  void *handle;
  __typeof__(&grpo_reward_score) score;
};

static crl_library *fail(void *handle, char *message, const char *text) {
  snprintf(message, CRL_MESSAGE_SIZE, "%s", text ? text : "cannot be loaded");
  if (handle) dlclose(handle);
  return NULL;
}

crl_library *crl_open(const char *path, char *message) {
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle) return fail(NULL, message, dlerror());
  __typeof__(&grpo_reward_version) version;
  __typeof__(&grpo_reward_score) score;
  // POSIX lets a function's address come as a pointer to an object.
  *(void **)&version = dlsym(handle, "grpo_reward_version");
  *(void **)&score = dlsym(handle, "grpo_reward_score");
  if (!version || !score) {
    return fail(handle, message, "has no grpo_reward_version or no grpo_reward_score");
  }
  int32_t found = version();
  if (found != GRPO_REWARD_VERSION) {
    char text[64];
    snprintf(text, sizeof text, "is of version %d (need %d)", (int)found, GRPO_REWARD_VERSION);
    return fail(handle, message, text);
  }
  crl_library *library = malloc(sizeof *library);
  if (!library) return fail(handle, message, "out of memory");
  library->handle = handle;
  library->score = score;
  return library;
}

void crl_close(crl_library *library) {
  dlclose(library->handle);
  free(library);
}

static grpo_text text_at(const char *texts, size_t offset, size_t length) {
  grpo_text text = {NULL, 0};
  if (length != SIZE_MAX) text = (grpo_text){texts + offset, length};
  return text;
}

int32_t crl_score(const crl_library *library, int64_t step, size_t count, const char *texts,
                  const size_t *offsets, const size_t *lengths, const int64_t *ids,
                  const size_t *id_offsets, const int32_t *finished, double *rewards,
                  int32_t *status, char *message) {
  grpo_completion *completions = calloc(count ? count : 1, sizeof *completions);
  if (!completions) return -1;
  for (size_t i = 0; i < count; i++) {
    grpo_text own[4];
    for (size_t k = 0; k < 4; k++) {
      own[k] = text_at(texts, offsets[4 * i + k], lengths[4 * i + k]);
    }
    completions[i] = (grpo_completion){
        own[0], own[1], own[2], own[3], ids + id_offsets[i], id_offsets[i + 1] - id_offsets[i],
        finished[i]};
  }
  message[0] = 0;
  int32_t result =
      library->score(step, completions, count, rewards, status, message, CRL_MESSAGE_SIZE);
  message[CRL_MESSAGE_SIZE - 1] = 0;
  free(completions);
  return result;
}
