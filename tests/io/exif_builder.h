#pragma once

#include <string>

namespace onestep {

/// The data of an APP1 marker with one directory: the maker's name (to be skipped), the
/// orientation.
inline std::string exif_app1(int orientation, bool big_endian) {
  const auto number = [big_endian](unsigned value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) {
      text += static_cast<char>(value >> 8 * (big_endian ? bytes - 1 - i : i) & 0xFF);
    }
    return text;
  };
  const auto entry = [&](unsigned tag, unsigned type, const std::string& value) {
    return number(tag, 2) + number(type, 2) + number(1, 4) + value;
  };
  return std::string("Exif\0\0", 6) + (big_endian ? "MM" : "II") + number(42, 2) + number(8, 4) +
         number(2, 2) + entry(0x010F, 2, std::string("X\0\0\0", 4)) +
         entry(0x0112, 3, number(static_cast<unsigned>(orientation), 2) + number(0, 2)) +
         number(0, 4);
}

/// A JPEG with an APP1 marker put in after its first two bytes.
inline std::string with_app1(const std::string& jpeg, const std::string& app1) {
  const std::size_t length = app1.size() + 2;
  return jpeg.substr(0, 2) + "\xFF\xE1" + static_cast<char>(length >> 8) +
         static_cast<char>(length & 0xFF) + app1 + jpeg.substr(2);
}

}  // namespace onestep
