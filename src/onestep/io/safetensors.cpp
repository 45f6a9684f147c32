#include "onestep/io/safetensors.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"
#include "onestep/io/safetensors_header.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace onestep {
namespace {

constexpr std::int64_t kMaxIndexBytes = std::int64_t{8} << 20;
constexpr std::size_t kMaxShards = 1000;  // each is looked for and mapped

/// Other values than 0 and 1 must not be read as bool.
void check_booleans(const Array& array, const std::string& file, const std::string& name) {
  const std::int64_t count = array.elements();
  for (std::int64_t i = 0; i < count; ++i) {
    check(std::to_integer<int>(array.data()[i]) <= 1, file, ": tensor ", in_quotes(name),
          " of BOOL holds a byte that is neither 0 nor 1");
  }
}

/// The reference's order of the dtypes: wide ones first, so that elements lie aligned.
int rank_in_file(DType dtype) {
  constexpr DType kOrder[] = {DType::uint64, DType::int64, DType::float64,  DType::float32,
                              DType::uint32, DType::int32, DType::bfloat16, DType::float16,
                              DType::uint16, DType::int16, DType::int8,     DType::uint8,
                              DType::boolean};
  return static_cast<int>(std::find(std::begin(kOrder), std::end(kOrder), dtype) -
                          std::begin(kOrder));
}

using Entry = StateDict::value_type;

std::vector<const Entry*> in_file_order(const StateDict& tensors) {
  std::vector<const Entry*> order;
  order.reserve(tensors.size());
  for (const Entry& entry : tensors) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    return rank_in_file(a->second.dtype()) < rank_in_file(b->second.dtype());
  });
  return order;
}

/// Text as a JSON string.
std::string json_string(const std::string& text, const std::filesystem::path& path) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) {
    fail(path.string(), ": name or metadata ", in_quotes(text), " is not valid UTF-8");
  }
}

std::string header_of(const std::vector<const Entry*>& order,
                      const std::map<std::string, std::string>& metadata,
                      const std::filesystem::path& path) {
  std::string header = "{";
  const auto separate = [&header] {
    if (header.back() != '{') header += ',';
  };
  if (!metadata.empty()) {
    header += "\"__metadata__\":{";
    for (const auto& [key, value] : metadata) {
      separate();
      header += json_string(key, path) + ":" + json_string(value, path);
    }
    header += "}";
  }
  std::int64_t begin = 0;
  for (const Entry* entry : order) {
    const auto& [name, array] = *entry;
    check(array.has_data(), path.string(), ": tensor ", in_quotes(name), " has no values to write");
    check(name != "__metadata__", path.string(), ": no tensor may be called __metadata__");
    separate();
    header +=
        concatenate(json_string(name, path), ":{\"dtype\":\"", safetensors_name(array.dtype()),
                    "\",\"shape\":", to_string(array.shape()), ",\"data_offsets\":[", begin, ",",
                    begin + array.bytes(), "]}");
    begin += array.bytes();
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  return header;
}

std::string little_endian(std::uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

/// Throws Error that lists the shards that are not there.
void check_shards(const std::filesystem::path& folder,
                  const std::set<std::string>& shards,
                  const std::string& index) {
  constexpr int kNamed = 5;
  std::string missing;
  int count = 0;
  for (const std::string& shard : shards) {
    if (file_exists(folder / shard)) continue;
    if (++count <= kNamed) missing += (count > 1 ? ", " : "") + in_quotes(shard);
  }
  check(count == 0, index, ": ", count, " of ", shards.size(), " shards are missing: ", missing,
        count > kNamed ? ", ..." : "", "; is the download complete?");
}

}  // namespace

StateDict read_safetensors(const std::filesystem::path& path) {
  const auto file = std::make_shared<const MappedFile>(path);
  StateDict tensors;
  for (TensorEntry& entry : parse_safetensors(file->bytes(), path.string())) {
    Array array = Array::mapped(entry.dtype, std::move(entry.shape),
                                file->bytes().data() + entry.begin, file);
    if (entry.dtype == DType::boolean) check_booleans(array, path.string(), entry.name);
    tensors.emplace(std::move(entry.name), std::move(array));
  }
  return tensors;
}

StateDict read_sharded_safetensors(const std::filesystem::path& index) {
  const std::string name = index.string();
  const auto weight_map = parse_shard_index(read_text(index, kMaxIndexBytes), name);
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : weight_map) shards.insert(shard);
  check(shards.size() <= kMaxShards, name, ": the index names ", shards.size(),
        " shards, more than the limit of ", kMaxShards);
  check_shards(index.parent_path(), shards, name);

  StateDict tensors;
  for (const std::string& shard : shards) {
    for (auto& [tensor, array] : read_safetensors(index.parent_path() / shard)) {
      const auto listed = weight_map.find(tensor);
      if (listed != weight_map.end() && listed->second != shard) continue;  // the index decides
      check(tensors.emplace(tensor, std::move(array)).second, name, ": tensor ", in_quotes(tensor),
            " is in two shards and the index lists neither");
    }
  }
  for (const auto& [tensor, shard] : weight_map) {
    check(tensors.contains(tensor), name, ": tensor ", in_quotes(tensor), " is not in ",
          in_quotes(shard), ", the shard that the index names");
  }
  return tensors;
}

void write_safetensors(const std::filesystem::path& path,
                       const StateDict& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::vector<const Entry*> order = in_file_order(tensors);
  const std::string header = header_of(order, metadata, path);
  AtomicFile file(path);
  file.write(little_endian(header.size()));
  file.write(header);
  for (const Entry* entry : order) {
    const Array& array = entry->second;
    file.write({array.data(), static_cast<std::size_t>(array.bytes())});
  }
  file.commit();
}

}  // namespace onestep
