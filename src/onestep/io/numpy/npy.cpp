#include "onestep/io/numpy/npy.h"

#include "onestep/base/check.h"
#include "onestep/io/file.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace onestep {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMaxHeader = 65536;  // NumPy's own writer stays far below
constexpr std::size_t kMaxRank = 32;
constexpr std::int64_t kMaxFileBytes = std::int64_t{4} << 30;  // read whole, then copied

constexpr std::array<std::pair<std::string_view, DType>, 12> kDescriptions = {{
    {"<f8", DType::float64},
    {"<f4", DType::float32},
    {"<f2", DType::float16},
    {"<i8", DType::int64},
    {"<i4", DType::int32},
    {"<i2", DType::int16},
    {"|i1", DType::int8},
    {"<u8", DType::uint64},
    {"<u4", DType::uint32},
    {"<u2", DType::uint16},
    {"|u1", DType::uint8},
    {"|b1", DType::boolean},
}};

struct NpyHeader {
  DType dtype = DType::float32;
  bool fortran_order = false;
  Shape shape;
  std::size_t data_begin = 0;
};

/// Reads the Python dictionary of a header: {'descr': '<f4', 'fortran_order': False, 'shape': (3,)}
class DictionaryParser {
 public:
  DictionaryParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  NpyHeader parse() {
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted_text();
      expect(':');
      value_of(key);
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_spaces();
    check(position_ == text_.size(), name_, ": the header goes on after its dictionary");
    check(description_ && fortran_order_ && shape_, name_,
          ": the header lacks one of descr, fortran_order and shape");
    return {.dtype = dtype(), .fortran_order = *fortran_order_, .shape = *shape_, .data_begin = 0};
  }

 private:
  void value_of(const std::string& key) {
    if (key == "descr" && !description_) {
      check(!accept('['), name_, ": structured arrays are not supported");
      description_ = quoted_text();
    } else if (key == "fortran_order" && !fortran_order_) {
      fortran_order_ = boolean();
    } else if (key == "shape" && !shape_) {
      shape_ = tuple();
    } else {
      fail(name_, ": the header has an unknown or repeated key at character ", position_);
    }
  }

  DType dtype() const {
    std::string text = *description_;
    if (text.size() == 3 && text[0] == '=') text[0] = '<';
    for (const auto& [description, dtype] : kDescriptions) {
      if (text == description || (description[0] == '|' && text.size() == 3 && text[0] == '<' &&
                                  description.substr(1) == text.substr(1))) {
        return dtype;
      }
    }
    check(text.empty() || text[0] != '>', name_,
          ": big-endian numbers are not supported; save them in little-endian order");
    fail(name_, ": dtype \"", text, "\" is not supported; expected floats, integers or bool");
  }

  void skip_spaces() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\n')) {
      ++position_;
    }
  }
  bool accept(char c) {
    skip_spaces();
    if (position_ >= text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  void expect(char c) {
    check(accept(c), name_, ": the header has no '", c, "' at character ", position_);
  }

  /// Printable text in single or double quotes, without escapes.
  std::string quoted_text() {
    const char quote = accept('"') ? '"' : '\'';
    if (quote == '\'') expect('\'');
    const std::size_t end = text_.find(quote, position_);
    check(end != std::string_view::npos, name_, ": the header has a text without end");
    std::string text(text_.substr(position_, end - position_));
    constexpr std::size_t kLongest = 40;
    const bool plain = text.size() <= kLongest && std::ranges::all_of(text, [](char c) {
                         return c >= 0x20 && c < 0x7F && c != '\\';
                       });
    check(plain, name_, ": the header has an unreadable text at character ", position_);
    position_ = end + 1;
    return text;
  }

  bool boolean() {
    skip_spaces();
    for (const std::string_view word : {"True", "False"}) {
      if (text_.substr(position_, word.size()) != word) continue;
      position_ += word.size();
      return word == "True";
    }
    fail(name_, ": fortran_order is neither True nor False");
  }

  Shape tuple() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      check(shape.size() < kMaxRank, name_, ": the shape has over ", kMaxRank, " sizes");
      shape.push_back(whole_number());
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }

  std::int64_t whole_number() {
    skip_spaces();
    constexpr std::int64_t kLimit = std::int64_t{1} << 56;
    const std::size_t begin = position_;
    std::int64_t value = 0;
    while (position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9') {
      check(value < kLimit / 10, name_, ": the shape has a size that is too large");
      value = value * 10 + (text_[position_++] - '0');
    }
    check(position_ > begin, name_, ": the shape has no whole number at character ", position_);
    accept('L');  // written by Python 2
    return value;
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t position_ = 0;
  std::optional<std::string> description_;
  std::optional<bool> fortran_order_;
  std::optional<Shape> shape_;
};

NpyHeader parse_header(std::span<const std::byte> bytes, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  check(text.starts_with(kMagic), name,
        ": is not an .npy file (it does not begin with \\x93NUMPY)");
  const auto byte_at = [&](std::size_t i) {
    check(i < bytes.size(), name, ": the header is cut off; is the download complete?");
    return std::to_integer<std::size_t>(bytes[i]);
  };
  const std::size_t version = byte_at(6);
  check(version >= 1 && version <= 3, name, ": .npy version ", version, ".", byte_at(7),
        " is not known; expected 1 to 3");
  std::size_t length = byte_at(8) | byte_at(9) << 8;
  if (version > 1) length |= byte_at(10) << 16 | byte_at(11) << 24;
  const std::size_t begin = version > 1 ? 12 : 10;
  check(length <= kMaxHeader, name, ": header length ", length, " is over ", kMaxHeader);
  check(begin <= bytes.size() && length <= bytes.size() - begin, name, ": header says ",
        begin + length, " bytes, file has ", bytes.size(), "; is the download complete?");
  NpyHeader header = DictionaryParser(text.substr(begin, length), name).parse();
  header.data_begin = begin + length;
  return header;
}

/// Bytes of all elements.
std::int64_t data_bytes(const NpyHeader& header, const std::string& name) {
  std::int64_t bytes = size_of(header.dtype);
  for (const std::int64_t size : header.shape) {
    check(size == 0 || bytes <= (std::int64_t{1} << 56) / size, name, ": shape ",
          to_string(header.shape), " has too many elements");
    bytes *= size;
  }
  return bytes;
}

void check_length(std::int64_t expected, std::int64_t found, const std::string& name) {
  check(found >= expected, name, ": header says ", expected, " bytes of data, file has ", found,
        "; is the download complete?");
  check(found == expected, name, ": header says ", expected, " bytes of data, file has ", found);
}

/// Elements in Fortran order (first index fastest) as C order.
Array from_fortran_order(const Array& array) {
  Array result(array.dtype(), array.shape());
  const auto size = static_cast<std::size_t>(size_of(array.dtype()));
  const std::size_t rank = array.rank();
  std::vector<std::int64_t> strides;  // of the source, in elements
  std::int64_t stride = 1;
  for (const std::int64_t length : array.shape()) {
    strides.push_back(stride);
    stride *= length;
  }
  std::byte* target = result.mutable_data();
  Shape index(rank, 0);
  std::int64_t source = 0;
  const std::int64_t count = array.elements();
  for (std::int64_t i = 0; i < count; ++i, target += size) {
    std::memcpy(target, array.data() + source * static_cast<std::int64_t>(size), size);
    for (std::size_t axis = rank; axis-- > 0;) {  // the last index runs fastest
      source += strides[axis];
      if (++index[axis] < array.size(axis)) break;
      source -= strides[axis] * array.size(axis);
      index[axis] = 0;
    }
  }
  return result;
}

std::string header_of(const Array& array, const std::string& name) {
  const auto* known =
      std::find_if(kDescriptions.begin(), kDescriptions.end(),
                   [&](const auto& entry) { return entry.second == array.dtype(); });
  check(known != kDescriptions.end(), name, ": cannot be written: .npy has no ",
        to_string(array.dtype()));
  std::string shape;
  for (const std::int64_t size : array.shape()) {
    shape += (shape.empty() ? "" : ", ") + std::to_string(size);
  }
  if (array.rank() == 1) shape += ',';
  std::string text = concatenate("{'descr': '", known->first,
                                 "', 'fortran_order': False, 'shape': (", shape, "), }");
  constexpr std::size_t kAlignment = 64;  // of the first element, so that it can be mapped
  const std::size_t fixed = kMagic.size() + 4;
  const std::size_t total = (fixed + text.size() + kAlignment) / kAlignment * kAlignment;
  text.resize(total - fixed - 1, ' ');
  text += '\n';
  check(text.size() <= 0xFFFF, name, ": cannot be written: the shape is too long");
  std::string header(kMagic);
  header +=
      {'\1', '\0', static_cast<char>(text.size() & 0xFF), static_cast<char>(text.size() >> 8)};
  return header + text;
}

}  // namespace

Array decode_npy(std::span<const std::byte> bytes, const std::string& name) {
  const NpyHeader header = parse_header(bytes, name);
  const auto data = bytes.subspan(header.data_begin);
  check_length(data_bytes(header, name), std::ssize(data), name);
  const bool boolean = header.dtype == DType::boolean;
  check(!boolean || std::ranges::all_of(data, [](std::byte b) { return b <= std::byte{1}; }), name,
        ": a bool is neither 0 nor 1");
  Array array(header.dtype, header.shape);
  if (!data.empty()) std::memcpy(array.mutable_data(), data.data(), data.size());
  return header.fortran_order && array.rank() > 1 ? from_fortran_order(array) : array;
}

ArrayHeader decode_npy_header(std::span<const std::byte> bytes, const std::string& name) {
  const NpyHeader header = parse_header(bytes, name);
  data_bytes(header, name);
  return {.dtype = header.dtype,
          .shape = header.shape,
          .data_begin = static_cast<std::int64_t>(header.data_begin)};
}

ArrayHeader read_npy_header(const std::filesystem::path& path) {
  const std::string name = path.string();
  constexpr std::int64_t kFixed = 12;  // magic, version, length
  const auto beginning = read_beginning(path, std::int64_t{kMaxHeader} + kFixed);
  const NpyHeader header = parse_header(beginning, name);
  std::error_code error;
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path, error));
  check(!error, name, ": cannot be read: ", error.message());
  check_length(data_bytes(header, name), size - static_cast<std::int64_t>(header.data_begin), name);
  return decode_npy_header(beginning, name);
}

Array read_npy(const std::filesystem::path& path) {
  return decode_npy(read_bytes(path, kMaxFileBytes), path.string());
}

void write_npy(const std::filesystem::path& path, const Array& array) {
  check(array.has_data(), path.string(), ": cannot be written: the array has no values");
  const std::string header = header_of(array, path.string());
  AtomicFile file(path);
  file.write(header);
  file.write({array.data(), static_cast<std::size_t>(array.bytes())});
  file.commit();
}

}  // namespace onestep
