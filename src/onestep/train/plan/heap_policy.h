#pragma once

namespace onestep {

/// From now on blocks of feature maps' sizes come from the system one by one and go back to it once
/// they are freed. By itself the C library (glibc) puts blocks of up to 32 MiB into one heap, whose
/// holes stay resident: a training step then takes up to half as much memory again, more in one run
/// than in the next. A setting of the whole process, to be made before it works.
void return_freed_blocks();

/// The other way: nothing goes back to the system. A step of a small network, whose maps are of a
/// size that glibc would fetch from the system each time, takes a quarter less time; the holes stay
/// resident.
void keep_freed_blocks();

}  // namespace onestep
