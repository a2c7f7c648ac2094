// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import io.vfio4j.model.Errno;
import java.lang.foreign.MemorySegment;

/** A file of the scripted kernel. It fails unsupported calls as Linux does. */
interface ScriptedFile {

  /** Handles ioctl(2). Returns 0 or more, or a negated errno. */
  int ioctl(int request, MemorySegment argument, MemorySegment pointedAt);

  /** Handles read(2). */
  default long read(MemorySegment into) {
    return -Errno.EINVAL.number();
  }

  /** Handles write(2). */
  default long write(MemorySegment from) {
    return -Errno.EINVAL.number();
  }

  /** Handles pread(2). */
  default long read(MemorySegment into, long offset) {
    return -Errno.EINVAL.number();
  }

  /** Handles pwrite(2). */
  default long write(MemorySegment from, long offset) {
    return -Errno.EINVAL.number();
  }
}
