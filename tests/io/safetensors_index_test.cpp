#include "onestep/io/safetensors.h"

#include <gtest/gtest.h>

#include "io/scratch.h"

namespace onestep {
namespace {

constexpr const char* kIndex = "model.safetensors.index.json";

Array number(float value) {
  return Array::of<float>({1}, {value});
}

float value_of(const Array& array) {
  return static_cast<float>(array.to(DType::float64).view<double>()[0]);
}

/// Two shards: a and b in the first, c in the second.
void write_shards(const Scratch& scratch) {
  write_safetensors(scratch / "m-1.safetensors", {{"a", number(1)}, {"b", number(2)}});
  write_safetensors(scratch / "m-2.safetensors", {{"c", number(3)}});
}

template <typename... Parts>
::testing::AssertionResult reading_refuses(const std::string& index, const Parts&... parts) {
  const Scratch scratch;
  write_shards(scratch);
  const auto path = scratch.file(kIndex, index);
  return refuses([&] { read_sharded_safetensors(path); }, kIndex, parts...);
}

TEST(ReadShardedSafetensors, MergesTheShards) {
  const Scratch scratch;
  write_shards(scratch);
  const auto index = scratch.file(kIndex, R"({"metadata":{"total_size":12,"x":[1,{"y":null}]},
      "weight_map":{"a":"m-1.safetensors","b":"m-1.safetensors","c":"m-2.safetensors"}})");
  const StateDict tensors = read_sharded_safetensors(index);
  ASSERT_EQ(tensors.size(), 3U);
  EXPECT_EQ(value_of(tensors.at("b")), 2);
  EXPECT_EQ(value_of(tensors.at("c")), 3);
}

TEST(ReadShardedSafetensors, TakesTheCopyThatTheIndexNames) {
  const Scratch scratch;
  write_safetensors(scratch / "1", {{"a", number(1)}, {"b", number(5)}});
  write_safetensors(scratch / "2", {{"a", number(2)}});
  const auto index = scratch.file(kIndex, R"({"weight_map":{"a":"2","b":"1"}})");
  EXPECT_EQ(value_of(read_sharded_safetensors(index).at("a")), 2);
}

TEST(ReadShardedSafetensors, NamesMissingShards) {
  EXPECT_TRUE(reading_refuses(
      R"({"weight_map":{"a":"m-1.safetensors","x":"m-7.safetensors","y":"m-8.safetensors"}})",
      "2 of 3 shards are missing: \"m-7.safetensors\", \"m-8.safetensors\"",
      "is the download complete?"));
}

TEST(ReadShardedSafetensors, NamesATensorThatItsShardLacks) {
  EXPECT_TRUE(reading_refuses(R"({"weight_map":{"a":"m-1.safetensors","d":"m-2.safetensors"}})",
                              "tensor \"d\" is not in \"m-2.safetensors\""));
}

TEST(ReadShardedSafetensors, RefusesShardsOutsideOfTheFolder) {
  for (const std::string shard :
       {"../m-1.safetensors", "/etc/passwd", "a/b", "..", ".", "", "a\\\\b", "a\\u0000b"}) {
    EXPECT_TRUE(reading_refuses(R"({"weight_map":{"a":")" + shard + "\"}}",
                                "of tensor \"a\" is not a plain file name"))
        << shard;
  }
}

TEST(ReadShardedSafetensors, RefusesOtherJson) {
  EXPECT_TRUE(reading_refuses("", "is not a JSON object"));
  EXPECT_TRUE(reading_refuses("[]", "is not a JSON object"));
  EXPECT_TRUE(reading_refuses("{\"weight_map\":{\"a\":", "is not valid JSON"));
  EXPECT_TRUE(reading_refuses("{}", "no weight_map"));
  EXPECT_TRUE(reading_refuses(R"({"weight_map":{}})", "no weight_map"));
  EXPECT_TRUE(reading_refuses(R"({"weight_map":{"a":1}})", "has a number in weight_map"));
  EXPECT_TRUE(reading_refuses(R"({"weight_map":["a"]})", "has a list in weight_map"));
  EXPECT_TRUE(reading_refuses(R"({"weight_map":{"a":{}}})", "has an object in weight_map"));
}

TEST(ReadShardedSafetensors, RefusesMoreShardsThanAnyCheckpointHas) {
  std::string map;
  for (int i = 0; i <= 1000; ++i) {
    map += concatenate(i > 0 ? "," : "", "\"t", i, "\":\"s", i, "\"");
  }
  EXPECT_TRUE(reading_refuses("{\"weight_map\":{" + map + "}}",
                              "names 1001 shards, more than the limit of 1000"));
}

TEST(ReadShardedSafetensors, RefusesDuplicatesAndDeepNesting) {
  EXPECT_TRUE(reading_refuses(R"({"weight_map":{"a":"1","a":"2"}})", "lists tensor \"a\" twice"));
  EXPECT_TRUE(reading_refuses(R"({"weight_map":{},"weight_map":{}})", "has weight_map twice"));
  EXPECT_TRUE(
      reading_refuses(R"({"x":)" + std::string(1'000'000, '['), "is nested deeper than 16"));
}

}  // namespace
}  // namespace onestep
