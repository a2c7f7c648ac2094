// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import io.vfio4j.model.Errno;
import java.lang.foreign.MemorySegment;

/** A file of the scripted kernel's. What it does not know it answers as Linux does. */
interface ScriptedFile {

  /** Answers ioctl(2): 0 or more, or a negated errno. */
  int ioctl(int request, MemorySegment argument, MemorySegment pointedAt);

  /** Answers read(2). */
  default long read(MemorySegment into) {
    return -Errno.EINVAL.number();
  }

  /** Answers write(2). */
  default long write(MemorySegment from) {
    return -Errno.EINVAL.number();
  }

  /** Answers pread(2). */
  default long read(MemorySegment into, long offset) {
    return -Errno.EINVAL.number();
  }

  /** Answers pwrite(2). */
  default long write(MemorySegment from, long offset) {
    return -Errno.EINVAL.number();
  }
}
