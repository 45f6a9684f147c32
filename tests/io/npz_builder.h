#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>

namespace onestep {

/// Makes zip files entry by entry, with what NumPy's savez writes and with what it would not.
class NpzBuilder {
 public:
  struct Entry {
    bool deflated = false;
    std::uint32_t wrong_crc = 0;      ///< is added to the right one
    std::uint32_t said_unpacked = 0;  ///< instead of the true size, where not 0
    std::uint16_t flags = 0;
  };

  NpzBuilder& add(const std::string& name, const std::string& data) { return add(name, data, {}); }
  NpzBuilder& add(const std::string& name, const std::string& data, const Entry& entry) {
    const std::string packed = entry.deflated ? deflated(data) : data;
    const auto crc = static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size())));
    const std::uint32_t size =
        entry.said_unpacked != 0 ? entry.said_unpacked : static_cast<std::uint32_t>(data.size());
    const std::string common =
        number(20, 2) + number(entry.flags, 2) + number(entry.deflated ? 8 : 0, 2) + number(0, 4) +
        number(crc + entry.wrong_crc, 4) + number(static_cast<std::uint32_t>(packed.size()), 4) +
        number(size, 4) + number(static_cast<std::uint32_t>(name.size()), 2) + number(0, 2);
    const auto offset = static_cast<std::uint32_t>(files_.size());
    files_ += "PK\3\4" + common + name + packed;
    list_ += "PK\1\2" + number(20, 2) + common + number(0, 2) + number(0, 2) + number(0, 2) +
             number(0, 4) + number(offset, 4) + name;
    ++count_;
    return *this;
  }

  /// The file with its list.
  std::string end() const {
    return files_ + list_ + "PK\5\6" + number(0, 4) + number(count_, 2) + number(count_, 2) +
           number(static_cast<std::uint32_t>(list_.size()), 4) +
           number(static_cast<std::uint32_t>(files_.size()), 4) + number(0, 2);
  }

 private:
  static std::string number(std::uint32_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
    return text;
  }

  static std::string deflated(const std::string& data) {
    z_stream stream = {};
    deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
    std::string packed(deflateBound(&stream, static_cast<uLong>(data.size())), '\0');
    std::string source = data;
    stream.next_in = reinterpret_cast<Bytef*>(source.data());
    stream.avail_in = static_cast<uInt>(source.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
  }

  std::string files_;
  std::string list_;
  std::uint32_t count_ = 0;
};

}  // namespace onestep
