// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.linux.Fd;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Bytes that were received and not handled.
 *
 * @param bytes at least one
 * @param fds the descriptors that came with them
 */
public record UnreadBytes(MemorySegment bytes, List<Fd> fds) {
}
