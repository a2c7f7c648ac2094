// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** An open device and its connection to the memory of this process. */
sealed interface Attachment extends AutoCloseable permits GroupAttachment, CdevAttachment {

  /** Returns the file of the device. */
  VfioFile device();

  /**
   * Maps memory of this process for DMA, which pins it if the device has an IOMMU.
   *
   * @param range the I/O virtual addresses, whole pages
   * @param memory native memory of the length of the range
   * @param isWritable whether the device may write
   */
  void map(IovaRange range, MemorySegment memory, boolean isWritable) throws DeviceException;

  /** Unmaps memory. */
  void unmap(IovaRange range) throws DeviceException;

  /** Returns the log of dirty pages kept by the IOMMU or its driver, if there is one. */
  Optional<DmaLog> dirtyLog() throws DeviceException;

  /** Closes the device, and then the files through which it was opened. */
  @Override
  void close();
}
