// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.Structs.DmaLoggingControl;
import io.vfio4j.vfiouser.wire.Structs.DmaLoggingReport;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;

/**
 * Encodes requests of DEVICE_FEATURE. Each method writes the fields at their place and returns how many bytes
 * they have.
 */
final class FeatureRequests {

  /** Bytes of {@code struct vfio_device_feature_mig_state}. */
  static final int STATE_SIZE = 8;

  /** Errors of servers that do not support a feature. */
  static final Set<Errno> UNSUPPORTED = Set.of(Errno.ENOTTY, Errno.EINVAL);

  private static final int DATA = Header.SIZE + Feature.SIZE;
  private static final int NO_DATA_FD = -1;

  private FeatureRequests() {
  }

  /**
   * Encodes the fields of DEVICE_FEATURE themselves.
   *
   * @param flags the feature's index and flags
   * @param dataSize bytes of the feature's data, in the request or the reply
   * @return bytes of the fields without the data
   */
  static int encode(MemorySegment head, int flags, int dataSize) {
    head.set(LittleEndian.U32, Header.SIZE, Feature.SIZE + dataSize);
    head.set(LittleEndian.U32, Header.SIZE + Feature.FLAGS, flags);
    return Feature.SIZE;
  }

  /** Encodes SET of MIG_DEVICE_STATE; the state may be any number. */
  static int setState(MemorySegment head, int state) {
    head.set(LittleEndian.U32, DATA, state);
    head.set(LittleEndian.U32, DATA + 4, NO_DATA_FD);
    return encode(head, Feature.MIG_DEVICE_STATE | Feature.SET, STATE_SIZE) + STATE_SIZE;
  }

  /**
   * Encodes SET of DMA_LOGGING_START.
   *
   * @param ranges IOVA and length of each
   */
  static int startLogging(MemorySegment head, List<long[]> ranges, long pageSize) {
    head.set(LittleEndian.U64, DATA + DmaLoggingControl.PAGE_SIZE, pageSize);
    head.set(LittleEndian.U32, DATA + DmaLoggingControl.NUM_RANGES, ranges.size());
    head.set(LittleEndian.U32, DATA + DmaLoggingControl.NUM_RANGES + 4, 0);
    int at = DATA + DmaLoggingControl.SIZE;
    for (long[] range : ranges) {
      head.set(LittleEndian.U64, at, range[0]);
      head.set(LittleEndian.U64, at + 8, range[1]);
      at += DmaLoggingControl.RANGE_SIZE;
    }
    int size = at - DATA;
    return encode(head, Feature.DMA_LOGGING_START | Feature.SET, size) + size;
  }

  /** Reads the reply to {@link #startLogging}: the page size that the device logs in. */
  static long loggingPageSize(MessageReader reader) throws LinuxException, ProtocolException {
    int at = ClientCalls.readBody(reader, Feature.SIZE + DmaLoggingControl.SIZE);
    return reader.buffer().segment().get(LittleEndian.U64, at + Feature.SIZE + DmaLoggingControl.PAGE_SIZE);
  }

  /**
   * Encodes GET of DMA_LOGGING_REPORT.
   *
   * @param bitmapBytes bytes of the bitmap in the reply
   */
  static int report(MemorySegment head, long iova, long length, long pageSize, int bitmapBytes) {
    head.set(LittleEndian.U64, DATA + DmaLoggingReport.IOVA, iova);
    head.set(LittleEndian.U64, DATA + DmaLoggingReport.LENGTH, length);
    head.set(LittleEndian.U64, DATA + DmaLoggingReport.PAGE_SIZE, pageSize);
    return encode(head, Feature.DMA_LOGGING_REPORT | Feature.GET, DmaLoggingReport.SIZE + bitmapBytes)
        + DmaLoggingReport.SIZE;
  }
}
