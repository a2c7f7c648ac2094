// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import io.vfio4j.devices.scratch.ScratchLayout;
import java.nio.charset.StandardCharsets;

/** Messages of a well-behaved client. */
final class ClientMessages {

  static final int GET = 1 << 16;
  static final int SET = 1 << 17;
  static final int PROBE = 1 << 18;

  private ClientMessages() {
  }

  private static Op.Message message(int command, int fds, ByteWriter body) {
    return new Op.Message(command, 0, fds, body.toArray());
  }

  static Op.Message version(int minor, String json) {
    ByteWriter body = new ByteWriter().u16(0).u16(minor);
    if (!json.isEmpty()) {
      body.bytes(json.getBytes(StandardCharsets.UTF_8)).u8(0);
    }
    return message(WireMessage.VERSION, 0, body);
  }

  static Op.Message map(int flags, long offset, long iova, long size, int fds) {
    return message(WireMessage.DMA_MAP, fds, new ByteWriter().u32(32, flags).u64(offset, iova, size));
  }

  static Op.Message unmap(int flags, long iova, long size) {
    return message(WireMessage.DMA_UNMAP, 0, new ByteWriter().u32(24, flags).u64(iova, size));
  }

  static Op.Message unmapWithBitmap(long iova, long size) {
    return message(WireMessage.DMA_UNMAP, 0,
        new ByteWriter().u32(48, 1).u64(iova, size, 4096, size / 4096 / 8 + 8));
  }

  /** Returns DEVICE_GET_INFO, DEVICE_GET_REGION_INFO, DEVICE_GET_IRQ_INFO or DEVICE_GET_REGION_IO_FDS. */
  static Op.Message info(int command, int index) {
    return switch (command) {
      case WireMessage.DEVICE_GET_REGION_INFO ->
        message(command, 0, new ByteWriter().u32(64, 0, index, 0).u64(0, 0));
      case WireMessage.DEVICE_GET_INFO -> message(command, 0, new ByteWriter().u32(16, 0, 0, 0));
      default -> message(command, 0, new ByteWriter().u32(16, 0, index, 0));
    };
  }

  static Op.Message setIrqs(int flags, int index, int start, int count, int fds) {
    return message(WireMessage.DEVICE_SET_IRQS, fds, new ByteWriter().u32(20, flags, index, start, count));
  }

  static Op.Message read(int region, long offset, int count) {
    return message(WireMessage.REGION_READ, 0, new ByteWriter().u64(offset).u32(region, count));
  }

  static Op.Message write32(int region, long offset, int value) {
    return message(WireMessage.REGION_WRITE, 0, new ByteWriter().u64(offset).u32(region, 4).u32(value));
  }

  static Op.Message write64(int region, long offset, long value) {
    return message(WireMessage.REGION_WRITE, 0, new ByteWriter().u64(offset).u32(region, 8).u64(value));
  }

  static Op.Message writeMulti(long offset, int region, int... values) {
    ByteWriter body = new ByteWriter().u64(values.length);
    for (int value : values) {
      body.u64(offset).u32(region, 4).u64(value);
    }
    return message(WireMessage.REGION_WRITE_MULTI, 0, body);
  }

  static Op.Message reset() {
    return message(WireMessage.DEVICE_RESET, 0, new ByteWriter());
  }

  static Op.Message feature(int flags, long... data) {
    return message(WireMessage.DEVICE_FEATURE, 0,
        new ByteWriter().u32(8 + 8 * Math.max(3, data.length), flags).u64(data));
  }

  static Op.Message setState(int state) {
    return feature(2 | SET, state);
  }

  static Op.Message readState(int size) {
    return message(WireMessage.MIG_DATA_READ, 0, new ByteWriter().u32(8 + size, size));
  }

  static Op.Message preCopyInfo() {
    return message(WireMessage.MIG_GET_PRECOPY_INFO, 0, new ByteWriter().u32(24, 0).u64(0, 0));
  }

  static Op.Message startLogging(long pageSize, long... ranges) {
    long[] data = new long[2 + ranges.length];
    data[0] = pageSize;
    data[1] = ranges.length / 2;
    System.arraycopy(ranges, 0, data, 2, ranges.length);
    return feature(6 | SET, data);
  }

  static Op.Message report(long iova, long length, long pageSize) {
    ByteWriter body =
        new ByteWriter().u32(8 + 24 + (int) Math.min(length / 4096 / 8 + 8, 1 << 20), 8 | GET);
    return message(WireMessage.DEVICE_FEATURE, 0, body.u64(iova, length, pageSize));
  }

  static Op.Message writeRegister32(int register, int value) {
    return write32(ScratchLayout.REGISTERS_BAR, register, value);
  }

  static Op.Message writeRegister64(int register, long value) {
    return write64(ScratchLayout.REGISTERS_BAR, register, value);
  }
}
