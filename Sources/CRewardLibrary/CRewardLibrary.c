#define _GNU_SOURCE  // O_PATH
#include "CRewardLibrary.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fenv.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct crl_library {
  void *handle;
  __typeof__(&grpo_reward_score) score;
  char path[];
};

// The library that is being called, by any thread and by this one.
static _Atomic(const char *) called;
static _Thread_local const char *called_here;

// What the program computes with, and where it writes, is not the library's to change.
typedef struct {
  fenv_t arithmetic;
  int directory;
} surroundings;

static surroundings begin_call(const char *path) {
  surroundings before;
  fegetenv(&before.arithmetic);
  before.directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  called_here = path;
  atomic_store(&called, path);
  return before;
}

static void end_call(surroundings before) {
  called_here = NULL;
  atomic_store(&called, NULL);
  fesetenv(&before.arithmetic);
  if (before.directory < 0) return;
  if (fchdir(before.directory) != 0) {
    // The directory is gone, for the library as well.
  }
  close(before.directory);
}

const char *crl_called(void) { return atomic_load(&called); }

// Runs when the program ends. Where the library called exit, nothing else may say how it ended.
static void refuse_exit(void) {
  if (!called_here) return;
  fprintf(stderr, "error: library %s: called exit, which ends the program that it is loaded into\n",
          called_here);
  fflush(stderr);
  _exit(70);
}

static crl_library *fail(void *handle, char *message, const char *text) {
  snprintf(message, CRL_MESSAGE_SIZE, "%s", text ? text : "cannot be loaded");
  if (handle) dlclose(handle);
  return NULL;
}

static crl_library *open_library(const char *path, char *message) {
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
  crl_library *library = malloc(sizeof *library + strlen(path) + 1);
  if (!library) return fail(handle, message, "out of memory");
  strcpy(library->path, path);
  library->handle = handle;
  library->score = score;
  return library;
}

crl_library *crl_open(const char *path, char *message) {
  static atomic_flag is_watching = ATOMIC_FLAG_INIT;
  if (!atomic_flag_test_and_set(&is_watching)) atexit(refuse_exit);
  surroundings before = begin_call(path);
  crl_library *library = open_library(path, message);
  end_call(before);
  return library;
}

void crl_close(crl_library *library) {
  surroundings before = begin_call(library->path);
  dlclose(library->handle);
  end_call(before);
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
  surroundings before = begin_call(library->path);
  int32_t result =
      library->score(step, completions, count, rewards, status, message, CRL_MESSAGE_SIZE);
  end_call(before);
  message[CRL_MESSAGE_SIZE - 1] = 0;
  free(completions);
  return result;
}
