#include "onestep/train/run/checkpoint.h"

#include "onestep/base/check.h"
#include "onestep/io/checksum.h"
#include "onestep/io/safetensors.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>
#include <system_error>

namespace onestep {
namespace {

namespace fs = std::filesystem;

const std::string kParameter = "parameter/";
const std::string kFirstMoment = "first_moment/";
const std::string kSecondMoment = "second_moment/";
const std::string kAverage = "average/";
const std::string kChecksum = "checksum";
constexpr std::string_view kStart = "step-";
constexpr std::string_view kEnd = ".safetensors";

/// -1 for another file.
std::int64_t step_of(const std::string& name) {
  if (!name.starts_with(kStart) || !name.ends_with(kEnd)) return -1;
  const char* begin = name.data() + kStart.size();
  const char* end = name.data() + name.size() - kEnd.size();
  std::int64_t step = -1;
  const auto [at, error] = std::from_chars(begin, end, step);
  return error == std::errc() && at == end ? step : -1;
}

/// Temporary files of writes that a kill interrupted.
void remove_leftovers(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(".onestep-") && name.ends_with(".tmp")) fs::remove(entry.path(), ignored);
  }
}

Array text_array(const std::string& text) {
  Array array(DType::uint8, {static_cast<std::int64_t>(text.size())});
  if (!text.empty()) std::memcpy(array.mutable_data(), text.data(), text.size());
  return array;
}

/// Over names and bytes, in the order of the names.
std::int64_t checksum_of(const StateDict& state) {
  std::uint32_t sum = 0;
  for (const auto& [name, array] : state) {
    sum = checksum(std::as_bytes(std::span(name.data(), name.size())), sum);
    sum = checksum({array.data(), static_cast<std::size_t>(array.bytes())}, sum);
  }
  return sum;
}

const Array& tensor_of(const StateDict& state, const std::string& name, const fs::path& path) {
  const auto found = state.find(name);
  check(found != state.end(), path.string(), ": ", name,
        " is missing; the checkpoint is of another model");
  return found->second;
}

CheckpointFacts facts_of(const StateDict& state, const fs::path& path) {
  CheckpointFacts facts;
  const Array& recipe = tensor_of(state, "recipe", path);
  facts.recipe.assign(reinterpret_cast<const char*>(recipe.data()),
                      static_cast<std::size_t>(recipe.bytes()));
  const auto integers = [&](const char* name) {
    const Array& array = tensor_of(state, name, path);
    check(array.dtype() == DType::int64, path.string(), ": ", name, " holds ",
          to_string(array.dtype()));
    std::vector<std::int64_t> values(static_cast<std::size_t>(array.elements()));
    if (!values.empty()) {
      std::memcpy(values.data(), array.data(), static_cast<std::size_t>(array.bytes()));
    }
    return values;
  };
  facts.data = integers("data");
  const std::vector<std::int64_t> step = integers("step");
  check(step.size() == 1 && step[0] >= 0, path.string(), ": step is not a number");
  facts.step = step[0];
  return facts;
}

void copy_into(const Array& array,
               at::Tensor target,
               const std::string& name,
               const fs::path& path) {
  const Shape shape(target.sizes().begin(), target.sizes().end());
  const DType dtype = target.scalar_type() == at::kDouble ? DType::float64 : DType::float32;
  check(array.shape() == shape && array.dtype() == dtype, path.string(), ": ", name, " is ",
        to_string(array.dtype()), " ", to_string(array.shape()), "; expected ", to_string(dtype),
        " ", to_string(shape));
  at::Tensor host = at::empty(target.sizes(), target.options().device(at::kCPU));
  std::memcpy(host.mutable_data_ptr(), array.data(), static_cast<std::size_t>(array.bytes()));
  target.copy_(host);
}

}  // namespace

std::string step_name(std::int64_t step) {
  std::string digits = std::to_string(step);
  constexpr std::size_t kDigits = 8;
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return std::string(kStart) + digits;
}

CheckpointFacts checked_checkpoint(const fs::path& path) {
  StateDict state = read_safetensors(path);
  const Array stored = tensor_of(state, kChecksum, path);
  state.erase(kChecksum);
  std::int64_t checksum = 0;
  check(stored.dtype() == DType::int64 && stored.elements() == 1, path.string(), ": ", kChecksum,
        " is not a number");
  std::memcpy(&checksum, stored.data(), sizeof checksum);
  check(checksum == checksum_of(state), path.string(),
        ": the checksum is not that of the tensors; the file is damaged");
  return facts_of(state, path);
}

std::vector<CheckpointFile> checkpoints_in(const fs::path& folder) {
  std::vector<CheckpointFile> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::int64_t step = step_of(entry.path().filename().string());
    if (step >= 0) files.push_back({step, entry.path()});
  }
  std::sort(files.begin(), files.end(),
            [](const CheckpointFile& a, const CheckpointFile& b) { return a.step < b.step; });
  return files;
}

fs::path write_checkpoint(const fs::path& folder,
                          const CheckpointFacts& facts,
                          const TrainedState& trained,
                          std::int64_t keep) {
  StateDict state;
  const auto& [parameters, optimiser, average] = trained;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::string& name = parameters[i].name;
    state.emplace(kParameter + name, as_array(parameters[i].value));
    state.emplace(kFirstMoment + name, as_array(optimiser.first_moments()[i]));
    state.emplace(kSecondMoment + name, as_array(optimiser.second_moments()[i]));
    if (average != nullptr) state.emplace(kAverage + name, as_array(average->values()[i]));
  }
  state.emplace("step", Array::of<std::int64_t>({1}, std::vector<std::int64_t>{facts.step}));
  state.emplace(
      "data", Array::of<std::int64_t>({static_cast<std::int64_t>(facts.data.size())}, facts.data));
  state.emplace("recipe", text_array(facts.recipe));
  state.emplace(kChecksum,
                Array::of<std::int64_t>({1}, std::vector<std::int64_t>{checksum_of(state)}));
  const fs::path path = folder / concatenate(step_name(facts.step), kEnd);
  write_safetensors(path, state);

  remove_leftovers(folder);
  const std::vector<CheckpointFile> files = checkpoints_in(folder);
  for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < files.size(); ++i) {
    std::error_code ignored;
    if (files[i].path != path) fs::remove(files[i].path, ignored);
  }
  return path;
}

void restore_checkpoint(const fs::path& path, const TrainedState& trained) {
  const auto& [parameters, optimiser, average] = trained;
  const c10::NoGradGuard no_gradients;
  const StateDict state = read_safetensors(path);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto restore = [&](const std::string& name, const at::Tensor& target) {
      copy_into(tensor_of(state, name, path), target, name, path);
    };
    restore(kParameter + parameters[i].name, parameters[i].value);
    restore(kFirstMoment + parameters[i].name, optimiser.first_moments()[i]);
    restore(kSecondMoment + parameters[i].name, optimiser.second_moments()[i]);
    if (average != nullptr) restore(kAverage + parameters[i].name, average->values()[i]);
  }
  optimiser.set_steps_taken(facts_of(state, path).step);
}

}  // namespace onestep
