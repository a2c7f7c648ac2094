// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A device that was opened, and what stands between it and the memory of this process. */
sealed interface Attachment extends AutoCloseable permits GroupAttachment, CdevAttachment {

  /** Returns the device's own file. */
  VfioFile device();

  /**
   * Lets the device reach memory of this process, which pins it where the device has an IOMMU.
   *
   * @param range where the device sees it: whole pages
   * @param memory native memory, as long as the range
   * @param isWritable whether the device may write
   */
  void map(IovaRange range, MemorySegment memory, boolean isWritable) throws DeviceException;

  /** Takes memory away from the device. */
  void unmap(IovaRange range) throws DeviceException;

  /** Returns the log that the IOMMU or its driver keeps of pages that may be dirty. */
  Optional<DmaLog> dirtyLog() throws DeviceException;

  /** Closes the device, and after it all that it took to open it. */
  @Override
  void close();
}
