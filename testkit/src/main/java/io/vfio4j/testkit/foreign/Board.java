// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import static io.vfio4j.testkit.foreign.WireConstants.CONFIG;

import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** The non-migration part of a foreign server's device: config space, registers, mappings, interrupts. */
final class Board {

  /** Sends requests for the client's memory. */
  interface ClientRequests {

    /** Sends a command and returns the body of the reply. */
    byte[] request(int command, byte[] body) throws IOException, ErrnoException;
  }

  private static final int CONFIG_SIZE = 256;

  private final byte[] config = new byte[CONFIG_SIZE];
  private final byte[] registers = new byte[BoardRegisters.SIZE];
  private final ByteBuffer fields = ByteBuffer.wrap(registers).order(ByteOrder.LITTLE_ENDIAN);
  private final BoardDmaLog dmaLog = new BoardDmaLog();
  private final BoardMemory memory = new BoardMemory(dmaLog);
  private final BoardIrqs irqs = new BoardIrqs();

  Board(DeviceIdentity identity) {
    ByteBuffer.wrap(config).order(ByteOrder.LITTLE_ENDIAN)
        .putShort(0, (short) identity.vendorId()).putShort(2, (short) identity.deviceId())
        .putInt(8, identity.classCode() << 8)
        .putShort(0x2c, (short) identity.subsystemVendorId()).putShort(0x2e, (short) identity.subsystemId());
  }

  BoardDmaLog dmaLog() {
    return dmaLog;
  }

  byte[] regionInfo(WireMessage request) throws ErrnoException {
    int index = request.u32(8);
    if (request.u32(0) < 32 || index < 0 || index >= WireConstants.REGIONS) {
      throw new ErrnoException(Errno.EINVAL, "region " + index);
    }
    int size = region(index).length;
    return MessageBody.empty().u32(32, size > 0 ? 3 : 0, index, 0).u64(size, (long) index << 40).toBytes();
  }

  private byte[] region(int index) {
    return index == BoardRegisters.BAR ? registers : index == CONFIG ? config : new byte[0];
  }

  byte[] irqInfo(WireMessage request) throws ErrnoException {
    return irqs.info(request);
  }

  byte[] setIrqs(WireMessage request) throws ErrnoException {
    return irqs.set(request);
  }

  byte[] map(WireMessage request, int maxMappings) throws IOException, ErrnoException {
    return memory.map(request, maxMappings);
  }

  byte[] unmap(WireMessage request) throws ErrnoException {
    return memory.unmap(request);
  }

  byte[] read(WireMessage request) throws ErrnoException {
    int at = registerOffset(request);
    byte[] data = Arrays.copyOfRange(region(request.u32(8)), at, at + request.u32(12));
    return MessageBody.empty().bytes(request.bytes(0, 16)).bytes(data).toBytes();
  }

  byte[] write(WireMessage request, ClientRequests client) throws IOException, ErrnoException {
    int at = registerOffset(request);
    int count = request.u32(12);
    byte[] data = request.bytes(16, count);
    if (request.u32(8) == BoardRegisters.BAR) {
      System.arraycopy(data, 0, registers, at, count);
      if (at == BoardRegisters.COMMAND && count == Integer.BYTES) {
        fields.putInt(BoardRegisters.STATUS, execute(fields.getInt(BoardRegisters.COMMAND), client));
      }
    }
    // A driver may write to config space; this device ignores it.
    return request.bytes(0, 16);
  }

  private int registerOffset(WireMessage request) throws ErrnoException {
    long offset = request.u64(0);
    int size = region(request.u32(8)).length;
    int count = request.u32(12);
    if (count < 0 || count > size || offset < 0 || offset > size - count) {
      throw new ErrnoException(Errno.EINVAL,
          "%d bytes at 0x%x of region %d".formatted(count, offset, request.u32(8)));
    }
    return (int) offset;
  }

  private int execute(int what, ClientRequests client) throws IOException {
    try {
      long address = fields.getLong(BoardRegisters.ADDRESS);
      long value = fields.getLong(BoardRegisters.VALUE);
      switch (what) {
        case BoardRegisters.WRITE -> memory.write(address, value, client);
        case BoardRegisters.READ -> fields.putLong(BoardRegisters.VALUE, memory.read(address, client));
        case BoardRegisters.INTERRUPT -> irqs.raise((int) value);
        default -> throw new ErrnoException(Errno.EINVAL, "what is " + what);
      }
      return 0;
    } catch (ErrnoException e) {
      return e.errno().number();
    }
  }

  void reset() {
    Arrays.fill(registers, (byte) 0);
  }

  void clientDisconnected() {
    dmaLog.clear();
    memory.clear();
    irqs.clear();
  }
}
