// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.handover;

import io.vfio4j.linux.Fd;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A record of the image of a connection.
 *
 * @param body its bytes, valid as long as the image
 * @param fds its descriptors, which belong to the image; several records may have the same one
 */
public record ConnectionRecord(RecordKind kind, MemorySegment body, List<Fd> fds) {

  public ConnectionRecord {
    fds = List.copyOf(fds);
  }
}
