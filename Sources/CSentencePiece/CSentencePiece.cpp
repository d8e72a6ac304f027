#include "CSentencePiece.h"

#if !__has_include(<sentencepiece_processor.h>) || !__has_include(<sentencepiece_trainer.h>)
#error "SentencePiece is missing: apt-get install libsentencepiece-dev"
#endif

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// Exported by the library, but declared in a header that is not installed.
namespace sentencepiece::logging {
void SetMinLogLevel(int level);
}

struct csp_tokenizer {
  sentencepiece::SentencePieceProcessor processor;
};

namespace {

constexpr size_t kLongestText = size_t{1} << 28;

/// Everything below FATAL, which is 3: dropping that one too would let the library run on after an
/// error that it cannot survive. Not only for quiet: where a text has no pair of characters, one of
/// the trainer's INFO lines reads the first element of an empty vector.
void silence() {
  static const bool once = (sentencepiece::logging::SetMinLogLevel(3), true);
  (void)once;
}

void report(std::string_view message, char *error, size_t capacity) {
  if (error == nullptr || capacity == 0) return;
  const size_t count = std::min(message.size(), capacity - 1);
  std::memcpy(error, message.data(), count);
  error[count] = '\0';
}

/// Runs `body`, which returns a `Status` of the library, and lets no exception out.
template <typename Body>
csp_status guarded(char *error, size_t capacity, Body body) noexcept {
  try {
    silence();
    const sentencepiece::util::Status status = body();
    if (status.ok()) return CSP_OK;
    report(status.error_message(), error, capacity);
    return status.code() == sentencepiece::util::StatusCode::kOutOfRange ? CSP_OUT_OF_RANGE
                                                                         : CSP_REFUSED;
  } catch (const std::bad_alloc &) {
    report("out of memory", error, capacity);
    return CSP_OUT_OF_MEMORY;
  } catch (const std::exception &exception) {
    report(exception.what(), error, capacity);
    return CSP_EXCEPTION;
  } catch (...) {
    report("an exception of unknown type", error, capacity);
    return CSP_EXCEPTION;
  }
}

sentencepiece::util::Status refused(const std::string &message) {
  return {sentencepiece::util::StatusCode::kInvalidArgument, message};
}

std::string_view view(const uint8_t *bytes, size_t count) {
  return count == 0 ? std::string_view("", 0)
                    : std::string_view(reinterpret_cast<const char *>(bytes), count);
}

struct Free {
  void operator()(void *pointer) const { std::free(pointer); }
};

/// Memory that the caller may own: never null, at least one element.
template <typename Element>
std::unique_ptr<Element, Free> allocate(size_t count) {
  void *pointer = std::malloc(std::max<size_t>(count, 1) * sizeof(Element));
  if (pointer == nullptr) throw std::bad_alloc();
  return std::unique_ptr<Element, Free>(static_cast<Element *>(pointer));
}

csp_bytes copy(const std::string &text) {
  auto values = allocate<uint8_t>(text.size());
  std::copy(text.begin(), text.end(), values.get());
  return {values.release(), text.size()};
}

class Sentences final : public sentencepiece::SentenceIterator {
 public:
  Sentences(const uint8_t *text, const size_t *ends, size_t count)
      : text_(text), ends_(ends), count_(count) {
    load();
  }

  bool done() const override { return index_ >= count_; }
  void Next() override {
    ++index_;
    load();
  }
  const std::string &value() const override { return value_; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  void load() {
    if (done()) return;
    const size_t begin = index_ == 0 ? 0 : ends_[index_ - 1];
    value_ = view(text_ + begin, ends_[index_] - begin);
  }

  const uint8_t *text_;
  const size_t *ends_;
  size_t count_;
  size_t index_ = 0;
  std::string value_;
};

}  // namespace

extern "C" {

csp_tokenizer *csp_tokenizer_create(
    const uint8_t *model, size_t model_count, char *error, size_t error_capacity) {
  std::unique_ptr<csp_tokenizer> tokenizer;
  const csp_status status = guarded(error, error_capacity, [&] {
    tokenizer = std::make_unique<csp_tokenizer>();
    return tokenizer->processor.LoadFromSerializedProto(view(model, model_count));
  });
  return status == CSP_OK ? tokenizer.release() : nullptr;
}

void csp_tokenizer_free(csp_tokenizer *tokenizer) { delete tokenizer; }

int32_t csp_vocabulary_size(const csp_tokenizer *tokenizer) {
  return tokenizer->processor.GetPieceSize();
}

csp_special_ids csp_get_special_ids(const csp_tokenizer *tokenizer) {
  const auto &processor = tokenizer->processor;
  return {processor.unk_id(), processor.bos_id(), processor.eos_id(), processor.pad_id()};
}

int32_t csp_id_of_piece(const csp_tokenizer *tokenizer, const uint8_t *piece, size_t piece_count) {
  // The library takes a length of 0 for "up to the next NUL".
  if (piece_count == 0) return tokenizer->processor.unk_id();
  return tokenizer->processor.PieceToId(view(piece, piece_count));
}

csp_status csp_encode(
    const csp_tokenizer *tokenizer, const uint8_t *text, size_t text_count, csp_ids *ids,
    char *error, size_t error_capacity) {
  return guarded(error, error_capacity, [&]() -> sentencepiece::util::Status {
    if (text_count > kLongestText) return refused("the text is longer than 2^28 bytes");
    std::vector<int> result;
    const auto status = tokenizer->processor.Encode(view(text, text_count), &result);
    if (!status.ok()) return status;
    auto values = allocate<int32_t>(result.size());
    std::copy(result.begin(), result.end(), values.get());
    *ids = {values.release(), result.size()};
    return status;
  });
}

csp_status csp_encode_as_pieces(
    const csp_tokenizer *tokenizer, const uint8_t *text, size_t text_count, csp_pieces *pieces,
    char *error, size_t error_capacity) {
  return guarded(error, error_capacity, [&]() -> sentencepiece::util::Status {
    if (text_count > kLongestText) return refused("the text is longer than 2^28 bytes");
    std::vector<std::string> result;
    const auto status = tokenizer->processor.Encode(view(text, text_count), &result);
    if (!status.ok()) return status;
    size_t byte_count = 0;
    for (const auto &piece : result) byte_count += piece.size();
    auto bytes = allocate<uint8_t>(byte_count);
    auto ends = allocate<size_t>(result.size());
    size_t end = 0;
    for (size_t k = 0; k < result.size(); ++k) {
      std::copy(result[k].begin(), result[k].end(), bytes.get() + end);
      end += result[k].size();
      ends.get()[k] = end;
    }
    *pieces = {bytes.release(), ends.release(), result.size()};
    return status;
  });
}

csp_status csp_decode(
    const csp_tokenizer *tokenizer, const int32_t *ids, size_t id_count, csp_bytes *text,
    char *error, size_t error_capacity) {
  return guarded(error, error_capacity, [&]() -> sentencepiece::util::Status {
    const int32_t size = tokenizer->processor.GetPieceSize();
    std::vector<int> checked;
    checked.reserve(id_count);
    for (size_t k = 0; k < id_count; ++k) {
      if (ids[k] < 0 || ids[k] >= size) {
        return {sentencepiece::util::StatusCode::kOutOfRange,
                "id " + std::to_string(ids[k]) + " at position " + std::to_string(k)};
      }
      checked.push_back(ids[k]);
    }
    std::string decoded;
    const auto status = tokenizer->processor.Decode(checked, &decoded);
    if (status.ok()) *text = copy(decoded);
    return status;
  });
}

csp_status csp_train(
    const char *options, size_t options_count, const uint8_t *text, const size_t *ends,
    size_t sentence_count, csp_bytes *model, char *error, size_t error_capacity) {
  return guarded(error, error_capacity, [&]() -> sentencepiece::util::Status {
    if (options_count == 0 || options[options_count - 1] != '\0') {
      return refused("the options do not end with NUL");
    }
    std::unordered_map<std::string, std::string> arguments;
    for (const char *next = options; next < options + options_count;) {
      const std::string key(next);
      next += key.size() + 1;
      if (next >= options + options_count) return refused("option " + key + " has no value");
      const std::string value(next);
      next += value.size() + 1;
      arguments[key] = value;
    }
    for (const char *key : {"input", "model_prefix"}) {
      if (arguments.count(key) != 0) return refused(std::string(key) + " must not be given");
    }
    Sentences sentences(text, ends, sentence_count);
    std::string serialized;
    const auto status =
        sentencepiece::SentencePieceTrainer::Train(arguments, &sentences, &serialized);
    if (status.ok()) *model = copy(serialized);
    return status;
  });
}

void csp_free_bytes(csp_bytes bytes) { std::free(bytes.values); }

void csp_free_ids(csp_ids ids) { std::free(ids.values); }

void csp_free_pieces(csp_pieces pieces) {
  std::free(pieces.bytes);
  std::free(pieces.ends);
}

}  // extern "C"
