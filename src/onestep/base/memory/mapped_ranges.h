#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace onestep {

// Note [Files cut while mapped]
// A mapped file that another program makes shorter has pages that no longer exist; touching one
// raises SIGBUS. The library installs no handlers, but it keeps a table of what it has mapped, so
// that a program's handler can name the file (cli/terminal/cut_file.h).

/// Enters a mapping into the table; one that finds no room (among thousands) stays unnamed. Pairs
/// with the other.
void remember_mapping(std::span<const std::byte> bytes, const std::filesystem::path& path) noexcept;
void forget_mapping(std::span<const std::byte> bytes) noexcept;

/// The path of the mapped file that `address` lies in, nullptr for another address. May be called
/// in a signal handler; the text stays while the file is mapped.
const char* mapped_file_at(const void* address) noexcept;

}  // namespace onestep
