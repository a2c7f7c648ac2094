// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import static io.vfio4j.testkit.foreign.WireConstants.CONFIG;
import static io.vfio4j.testkit.foreign.WireConstants.DMA_MAP;
import static io.vfio4j.testkit.foreign.WireConstants.DMA_UNMAP;
import static io.vfio4j.testkit.foreign.WireConstants.GET_INFO;
import static io.vfio4j.testkit.foreign.WireConstants.GET_IRQ_INFO;
import static io.vfio4j.testkit.foreign.WireConstants.GET_REGION_INFO;
import static io.vfio4j.testkit.foreign.WireConstants.INTX;
import static io.vfio4j.testkit.foreign.WireConstants.MSIX;
import static io.vfio4j.testkit.foreign.WireConstants.REGION_READ;
import static io.vfio4j.testkit.foreign.WireConstants.REGION_WRITE;
import static io.vfio4j.testkit.foreign.WireConstants.RESET;
import static io.vfio4j.testkit.foreign.WireConstants.SET_IRQS;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A client that behaves like QEMU 11.1: the start-up of its {@code vfio-user-pci}, and the accesses that a guest
 * causes. It rejects replies longer than the request's buffer, and inconsistent region info. It throws the same
 * exceptions as {@link ForeignClient}. Confined to one thread.
 */
public final class QemuClient implements AutoCloseable {

  /** With header, version and NUL this makes 214 bytes, which is also the size of the buffer for the reply. */
  private static final String CAPABILITIES =
      "{\"capabilities\": {\"migration\": {\"pgsize\": 4096, \"max_bitmap_size\": 268435456}, "
          + "\"max_msg_fds\": 8, \"max_data_xfer_size\": 1048576, \"pgsizes\": 4096, \"max_dma_maps\": 65535, "
          + "\"write_multiple\": true}}";

  private static final int BARS = 6;
  private static final int REGION_INFO = 32;
  private static final int REGION_MMAP = 4;
  private static final int REGION_CAPS = 8;
  private static final int CAPABILITY = 8;
  private static final int ERROR_IRQ = 3;
  private static final int FIRST_BAR = 0x10;
  private static final int ROM_BAR = 0x30;

  private static final int DATA_NONE = 1;
  private static final int DATA_EVENTFD = 4;
  private static final int UNMASK = 0x10;
  private static final int TRIGGER = 0x20;

  private static final int READ = 1;
  private static final int READ_WRITE = 3;
  private static final int MMAP = 4;

  /** The size of the range that a virtual IOMMU makes it unmap, whether anything is mapped there or not. */
  private static final long NEARLY_ALL = 0xffffffff01100000L;
  private static final long NEVER_MAPPED = 0x7000_0000_0000L;

  private final ClientConnection connection;
  private final long[] barSizes = new long[BARS];
  private byte[] configSpace = {};
  private long romAt;
  private long romSize;

  private QemuClient(UnixSocket socket) throws IOException, ErrnoException {
    connection = new ClientConnection(socket);
    VersionExchange version = VersionExchange.negotiate(connection, 0, CAPABILITIES);
    if (VersionExchange.messageSize(version.json()) > VersionExchange.messageSize(CAPABILITIES)) {
      throw new ProtocolViolationException("a VERSION reply longer than the request: " + version.json());
    }
    connection.limits(PeerLimits.DEFAULT.min(version.json()));
  }

  /**
   * Connects to a server and negotiates the version.
   *
   * @param path the path of the server's socket
   */
  public static QemuClient connect(Path path) throws IOException, ErrnoException {
    UnixSocket socket = UnixSocket.connect(path);
    try {
      return new QemuClient(socket);
    } catch (IOException | ErrnoException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /**
   * Starts up: maps memory, without waiting, then makes all requests that QEMU makes before a guest runs.
   *
   * @param ram the guest's memory, mapped at address 0
   * @param ramSize its size in bytes
   * @param rom memory mapped at {@code at} without a descriptor
   * @param at the address of the ROM
   */
  public void startUp(Fd ram, long ramSize, MemorySegment rom, long at) throws IOException, ErrnoException {
    romAt = at;
    romSize = rom.byteSize();
    int first =
        connection.sendRequest(DMA_MAP, MessageBody.empty().u32(32, READ_WRITE | MMAP).u64(0, 0, ramSize),
            ram);
    connection.exposeMemory(romAt, rom);
    int second = connection.sendRequest(DMA_MAP, MessageBody.empty().u32(32, READ).u64(0, romAt, romSize));
    int info = connection.sendRequest(GET_INFO, MessageBody.empty().u32(16, 0, 0, 0));
    requireWithin(32, connection.receiveReply(first, DMA_MAP));
    requireWithin(32, connection.receiveReply(second, DMA_MAP));
    WireMessage device = requireWithin(16, connection.receiveReply(info, GET_INFO));
    if ((device.u32(4) & 2) == 0 || device.u32(8) < WireConstants.REGIONS
        || device.u32(12) < WireConstants.IRQS) {
      throw new ProtocolViolationException("not a PCI device");
    }
    for (int bar = 0; bar < BARS; bar++) {
      barSizes[bar] = regionSize(bar);
    }
    irqCount(ERROR_IRQ);
    readConfig((int) regionSize(CONFIG));
    sizeRom();
    boolean hasMsix = irqCount(MSIX) > 0;
    disableIrqs(hasMsix);
    if ((device.u32(4) & 1) != 0) {
      call(RESET, MessageBody.empty());
    }
    disableIrqs(hasMsix);
    for (int bar = 0; bar < BARS; bar++) {
      writeConfig(FIRST_BAR + 4 * bar, 0);
    }
  }

  /** Executes a command whose reply replaces the request in its buffer. */
  private WireMessage call(int command, MessageBody body, Fd... fds) throws IOException, ErrnoException {
    return call(body.toBytes().length, command, body, fds);
  }

  /**
   * Executes a command.
   *
   * @param room size of the buffer for the reply's body, bytes
   */
  WireMessage call(int room, int command, MessageBody body, Fd... fds) throws IOException, ErrnoException {
    return requireWithin(room, connection.call(command, body, fds));
  }

  private static WireMessage requireWithin(int room, WireMessage reply) throws ProtocolViolationException {
    if (reply.body().limit() > room) {
      throw new ProtocolViolationException(
          "a reply to command %d of %d bytes, in a buffer of %d".formatted(reply.command(),
              reply.body().limit(), room));
    }
    return reply;
  }

  /** Queries region info with room for the fields, and again with the argsz returned. */
  private long regionSize(int index) throws IOException, ErrnoException {
    WireMessage answer = regionInfo(index, REGION_INFO);
    int argsz = answer.u32(0);
    if (argsz > connection.limits().data()) {
      throw new ProtocolViolationException("region %d has %d bytes of info".formatted(index, argsz));
    }
    if (argsz > REGION_INFO) {
      answer = regionInfo(index, argsz);
    }
    boolean isMappable = (answer.u32(4) & REGION_MMAP) != 0;
    if (connection.replyFdCount() != (isMappable ? 1 : 0)) {
      throw new ProtocolViolationException(
          "region %d with flags 0x%x comes with %d descriptors".formatted(index,
              answer.u32(4), connection.replyFdCount()));
    }
    return answer.u64(16);
  }

  private WireMessage regionInfo(int index, int room) throws IOException, ErrnoException {
    WireMessage answer =
        call(room, GET_REGION_INFO, MessageBody.empty().u32(room, 0, index, 0).u64(0, 0));
    int argsz = answer.u32(0);
    int chain = answer.u32(12);
    boolean hasChain = (answer.u32(4) & REGION_CAPS) != 0;
    if (argsz < REGION_INFO || answer.body().limit() < REGION_INFO
        || (hasChain && (chain < REGION_INFO || chain > argsz - CAPABILITY))) {
      throw new ProtocolViolationException(
          "region %d in %d of %d bytes, with capabilities at %d".formatted(index,
              answer.body().limit(), argsz, chain));
    }
    return answer;
  }

  private int irqCount(int index) throws IOException, ErrnoException {
    return call(GET_IRQ_INFO, MessageBody.empty().u32(16, 0, index, 0)).u32(12);
  }

  private void readConfig(int size) throws IOException, ErrnoException {
    WireMessage reply = call(16 + size, REGION_READ, MessageBody.empty().u64(0).u32(CONFIG, size));
    configSpace = reply.bytes(16, size);
  }

  private void sizeRom() throws IOException, ErrnoException {
    writeConfig(ROM_BAR, 0xfffff800);
    call(20, REGION_READ, MessageBody.empty().u64(ROM_BAR).u32(CONFIG, 4));
    writeConfig(ROM_BAR, 0);
  }

  private void writeConfig(int at, int value) throws IOException, ErrnoException {
    call(REGION_WRITE, MessageBody.empty().u64(at).u32(CONFIG, 4, value));
  }

  private void disableIrqs(boolean hasMsix) throws IOException, ErrnoException {
    if (irqCount(INTX) > 0) {
      setIrqs(DATA_NONE | TRIGGER, INTX, 0);
      if (!hasMsix) {
        setIrqs(DATA_NONE | UNMASK, INTX, 1);
      }
    }
    if (irqCount(ERROR_IRQ) > 0) {
      setIrqs(DATA_NONE | TRIGGER, ERROR_IRQ, 0);
    }
  }

  private void setIrqs(int flags, int index, int count, Fd... fds) throws IOException, ErrnoException {
    call(SET_IRQS, MessageBody.empty().u32(20, flags, index, 0, count), fds);
  }

  /** Returns the config space read at start-up. */
  public byte[] configSpace() {
    return configSpace.clone();
  }

  /** Returns the size of a BAR in bytes, as reported at start-up. */
  public long barSize(int bar) {
    return barSizes[bar];
  }

  /** Enables MSI-X as QEMU does: one vector without a descriptor first, then with one. */
  public void enableMsix(EventFd vector0) throws IOException, ErrnoException {
    setIrqs(DATA_EVENTFD | TRIGGER, MSIX, 1);
    setIrqs(DATA_EVENTFD | TRIGGER, MSIX, 1, vector0.fd());
  }

  /** Writes a register without waiting for a reply. */
  public void write(int bar, long offset, int value) throws IOException {
    connection.post(REGION_WRITE, MessageBody.empty().u64(offset).u32(bar, 4, value));
  }

  /** Writes a 64-bit register in two halves, without waiting for replies. */
  public void writeLong(int bar, long offset, long value) throws IOException {
    write(bar, offset, (int) value);
    write(bar, offset + 4, (int) (value >>> 32));
  }

  /** Reads a register. */
  public int read(int bar, long offset) throws IOException, ErrnoException {
    return call(20, REGION_READ, MessageBody.empty().u64(offset).u32(bar, 4)).u32(16);
  }

  /** Reads a 64-bit register in two halves. */
  public long readLong(int bar, long offset) throws IOException, ErrnoException {
    return Integer.toUnsignedLong(read(bar, offset)) | (long) read(bar, offset + 4) << 32;
  }

  /** Unmaps memory that was never mapped. The server may refuse, and must keep working. */
  public void unmapUnmappedRange() throws IOException, ErrnoException {
    unmapIfMapped(NEVER_MAPPED, 0x1000);
  }

  private void unmapIfMapped(long iova, long size) throws IOException, ErrnoException {
    try {
      unmap(iova, size);
    } catch (ErrnoException e) {
      if (!e.errno().equals(Errno.ENOENT)) {
        throw e;
      }
    }
  }

  /**
   * Unmaps a range of nearly all addresses and maps the memory again, as with a virtual IOMMU. The server may unmap
   * everything in the range, or refuse.
   */
  public void unmapAllAndMapAgain(Fd ram, long ramSize) throws IOException, ErrnoException {
    unmapIfMapped(0, NEARLY_ALL);
    map(ram, 0, ramSize);
    call(DMA_MAP, MessageBody.empty().u32(32, READ).u64(0, romAt, romSize));
  }

  /** Maps the guest's memory elsewhere and back, as firmware makes QEMU do, then repeats the current mapping. */
  public void remap(Fd ram, long ramSize, long elsewhere) throws IOException, ErrnoException {
    unmap(0, ramSize);
    map(ram, elsewhere, ramSize);
    unmap(elsewhere, ramSize);
    map(ram, 0, ramSize);
    map(ram, 0, ramSize);
  }

  private void map(Fd ram, long iova, long size) throws IOException, ErrnoException {
    call(DMA_MAP, MessageBody.empty().u32(32, READ_WRITE | MMAP).u64(0, iova, size), ram);
  }

  private void unmap(long iova, long size) throws IOException, ErrnoException {
    call(DMA_UNMAP, MessageBody.empty().u32(24, 0).u64(iova, size));
  }

  /** Maps a BAR at its guest address, without a descriptor, and unmaps it again. */
  public void mapAndUnmapBar(int bar, long at) throws IOException, ErrnoException {
    call(DMA_MAP, MessageBody.empty().u32(32, READ_WRITE).u64(0, at, barSizes[bar]));
    unmap(at, barSizes[bar]);
  }

  /** Returns the client's migration requests. */
  public QemuMigration migration() {
    return new QemuMigration(this, connection.limits().data());
  }

  @Override
  public void close() {
    connection.close();
  }
}
