// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import static io.vfio4j.testkit.foreign.WireConstants.DATA_SIZE;
import static io.vfio4j.testkit.foreign.WireConstants.DEVICE_STATE;
import static io.vfio4j.testkit.foreign.WireConstants.FEATURE;
import static io.vfio4j.testkit.foreign.WireConstants.GET;
import static io.vfio4j.testkit.foreign.WireConstants.LOGGING_REPORT;
import static io.vfio4j.testkit.foreign.WireConstants.LOGGING_START;
import static io.vfio4j.testkit.foreign.WireConstants.LOGGING_STOP;
import static io.vfio4j.testkit.foreign.WireConstants.MIGRATION;
import static io.vfio4j.testkit.foreign.WireConstants.MIG_DATA_READ;
import static io.vfio4j.testkit.foreign.WireConstants.MIG_DATA_WRITE;
import static io.vfio4j.testkit.foreign.WireConstants.MIG_GET_PRECOPY_INFO;
import static io.vfio4j.testkit.foreign.WireConstants.PROBE;
import static io.vfio4j.testkit.foreign.WireConstants.SET;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigrationFeature;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.OptionalLong;

/**
 * Migration by a QEMU that forwards its ioctls: DEVICE_FEATURE with all bytes of the ioctl's argument, including
 * those of the result, and a reply of the same size; MIG_DATA_READ with the buffer to be filled; pre-copy info by
 * command 19, with argsz 0. It throws the same exceptions as {@link QemuClient}.
 */
public final class QemuMigration {

  private static final int FIELDS = 8;
  private static final int MAX_CHUNK = 256 << 10;
  private static final int PRECOPY_INFO = 24;
  private static final long PAGE = 4096;

  private final QemuClient client;
  private final int chunkSize;

  QemuMigration(QemuClient client, int mostData) {
    this.client = client;
    chunkSize = Math.min(MAX_CHUNK, mostData);
  }

  /** Forwards an ioctl: sends its argument, including the data, and expects a reply of the same size. */
  private WireMessage forward(int flags, int dataSize, MessageBody data) throws IOException, ErrnoException {
    byte[] bytes = Arrays.copyOf(data.toBytes(), dataSize);
    WireMessage reply =
        client.call(FIELDS + dataSize, FEATURE, MessageBody.feature(flags, dataSize).bytes(bytes));
    if (reply.body().limit() != FIELDS + dataSize || reply.u32(4) != flags) {
      throw new ProtocolViolationException("DEVICE_FEATURE 0x%x of %d bytes answered with %d".formatted(flags,
          FIELDS + dataSize, reply.body().limit()));
    }
    return reply;
  }

  /** Returns whether the device has a DMA log. */
  public boolean hasDmaLog() throws IOException, ErrnoException {
    try {
      forward(PROBE | SET | LOGGING_START, 0, MessageBody.empty());
      return true;
    } catch (ErrnoException e) {
      return false;
    }
  }

  /** Moves the device. */
  public void moveTo(DeviceState target) throws IOException, ErrnoException {
    forward(SET | DEVICE_STATE, 8, MessageBody.empty().u32(target.wireValue(), -1));
  }

  /** Returns the device's state. */
  public DeviceState state() throws IOException, ErrnoException {
    int value = forward(GET | DEVICE_STATE, 8, MessageBody.empty()).u32(8);
    return DeviceState.fromWire(value)
        .orElseThrow(
            () -> new ProtocolViolationException("unknown device state " + Integer.toUnsignedString(value)));
  }

  /** Returns the device's estimate of its stop-copy length, if it has one. */
  public OptionalLong stopCopyLength() throws IOException, ErrnoException {
    try {
      return OptionalLong.of(forward(GET | DATA_SIZE, 8, MessageBody.empty()).u64(8));
    } catch (ErrnoException e) {
      return OptionalLong.empty();
    }
  }

  /** Returns the sum of initial and dirty bytes, or nothing if the server lacks the command. */
  public OptionalLong preCopyBytes() throws IOException, ErrnoException {
    try {
      WireMessage info =
          client.call(PRECOPY_INFO, MIG_GET_PRECOPY_INFO, MessageBody.empty().u32(0, 0).u64(0, 0));
      return OptionalLong.of(info.u64(8) + info.u64(16));
    } catch (ErrnoException e) {
      return OptionalLong.empty();
    }
  }

  /**
   * Saves the device's state, through PRE_COPY if the device supports it, and leaves the device in STOP_COPY.
   *
   * @return the whole stream
   */
  public byte[] save() throws IOException, ErrnoException {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    long features = forward(GET | MIGRATION, 8, MessageBody.empty()).u64(8);
    if ((features & MigrationFeature.PRE_COPY.flag()) != 0) {
      moveTo(DeviceState.PRE_COPY);
      readAll(stream);
    }
    moveTo(DeviceState.STOP_COPY);
    readAll(stream);
    return stream.toByteArray();
  }

  /** Reads until there is no more data, for now or at all. */
  private void readAll(ByteArrayOutputStream stream) throws IOException, ErrnoException {
    while (true) {
      WireMessage reply = client.call(FIELDS + chunkSize, MIG_DATA_READ,
          MessageBody.empty().u32(FIELDS + chunkSize, chunkSize).bytes(new byte[chunkSize]));
      int size = reply.u32(4);
      if (size < 0 || size > chunkSize) {
        throw new ProtocolViolationException(
            "%d bytes of state in a buffer of %d".formatted(size, chunkSize));
      }
      if (size == 0) {
        return;
      }
      stream.writeBytes(reply.bytes(FIELDS, size));
    }
  }

  /** Loads a stream into the device, which is in RUNNING before and afterwards. */
  public void load(byte[] stream) throws IOException, ErrnoException {
    moveTo(DeviceState.RESUMING);
    for (int done = 0; done < stream.length; done += chunkSize) {
      byte[] data = Arrays.copyOfRange(stream, done, Math.min(stream.length, done + chunkSize));
      MessageBody body = MessageBody.empty().u32(FIELDS + data.length, data.length).bytes(data);
      client.call(FIELDS + data.length, MIG_DATA_WRITE, body);
    }
    moveTo(DeviceState.RUNNING);
  }

  /**
   * Starts the DMA log.
   *
   * @param ranges pairs of address and length in whole pages, mapped or not; none for all memory
   */
  public void startLog(long... ranges) throws IOException, ErrnoException {
    if (ranges.length % 2 != 0) {
      throw new ErrnoException(Errno.EINVAL, "a range is a pair of address and length");
    }
    forward(SET | LOGGING_START, 16 + ranges.length * Long.BYTES,
        MessageBody.empty().u64(PAGE).u32(ranges.length / 2, 0).u64(ranges));
  }

  /** Returns the pages of a range, mapped or not, that the device has written since the last report. */
  public BitSet report(long iova, long length) throws IOException, ErrnoException {
    int bitmap = (int) ((length / PAGE + Long.SIZE - 1) / Long.SIZE) * Long.BYTES;
    WireMessage reply =
        forward(GET | LOGGING_REPORT, 24 + bitmap, MessageBody.empty().u64(iova, length, PAGE));
    return BitSet.valueOf(reply.bytes(32, bitmap));
  }

  /** Stops the DMA log, with an argument larger than necessary. */
  public void stopLog() throws IOException, ErrnoException {
    forward(SET | LOGGING_STOP, 24, MessageBody.empty());
  }
}
