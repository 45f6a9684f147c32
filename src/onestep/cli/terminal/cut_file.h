#pragma once

namespace onestep {

/// To be called once, at the beginning. When a file that is mapped becomes shorter while it is
/// read, the program ends with one line on stderr that names the file, and exit status 1, instead
/// of by the signal SIGBUS. See Note [Files cut while mapped] in base/mapped_ranges.h.
void report_cut_files();

}  // namespace onestep
