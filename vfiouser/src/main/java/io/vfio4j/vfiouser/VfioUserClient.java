// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.Reached;
import io.vfio4j.model.TransitionException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Drives a device that another process serves.
 *
 * <p>
 * Safe for use by several threads, whose calls follow each other; only one of them should move the device. Every
 * method throws {@link DeviceLostException} once the connection has failed: a server that broke the protocol or does
 * not answer in time is given up.
 */
public final class VfioUserClient implements MigratableDevice {

  private final String name;
  private final ClientChannel channel;
  private final ClientMemory memory;
  private final Limits limits;
  private final Extensions extensions;
  private final DeviceInfo info;
  private final DeviceIdentity identity;
  private final ClientMigration migration;

  private VfioUserClient(String name, ClientOptions options, MessageTransport transport)
      throws DeviceException {
    this.name = name;
    memory = new ClientMemory();
    channel = new ClientChannel(transport, memory, options.limits());
    try {
      VersionMessage granted = negotiate(options);
      extensions = granted.extensions();
      limits = options.limits().lowerOf(granted.limits());
      info = deviceInfo();
      identity = readIdentity(granted);
      migration = new ClientMigration(this, limits, extensions.preCopyInfo());
    } catch (ErrnoException e) {
      channel.close();
      throw new DeviceLostException(name, "connect", e.errno(),
          "its VERSION makes no sense: " + e.getMessage(), e);
    } catch (DeviceException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /**
   * Connects to a server.
   *
   * @param path the server's socket
   * @param options how
   * @throws DeviceException if nobody listens there, if the server refuses (EBUSY: another client is connected), or
   *     if what it answers makes no sense
   */
  public static VfioUserClient connect(Path path, ClientOptions options) throws DeviceException {
    String name = "vfio-user:" + path;
    UnixSocket socket;
    try {
      socket = UnixSocket.connect(path);
    } catch (LinuxException e) {
      throw new DeviceException(name, "connect", e.errno(), name + ": cannot connect: " + e.errno(), e);
    }
    return of(socket, name, options);
  }

  /**
   * Makes a client of a connection that is there already.
   *
   * @param socket the client's end, which the client owns from now on
   * @param name the device's name
   * @param options how
   * @throws DeviceException as {@link #connect}
   */
  public static VfioUserClient of(UnixSocket socket, String name, ClientOptions options)
      throws DeviceException {
    MessageTransport transport;
    try {
      transport = new SocketTransport(socket, options.timeout(), options.timeout());
    } catch (LinuxException e) {
      socket.close();
      throw new DeviceException(name, "connect", e.errno(), name + ": cannot connect: " + e.getMessage(), e);
    }
    return new VfioUserClient(name, options, transport);
  }

  private VersionMessage negotiate(ClientOptions options) throws DeviceException, ErrnoException {
    VersionMessage asked = VersionMessage.request(options.limits(), options.keepState());
    VersionMessage granted;
    try {
      granted =
          call("connect", Command.VERSION, head -> asked.encode(head, Header.SIZE, VersionMessage.MAX_SIZE),
              MemorySegment.NULL, reader -> {
                if (reader.remaining() > VersionMessage.MAX_SIZE) {
                  throw new ProtocolException("a VERSION of " + reader.messageSize() + " bytes");
                }
                int size = (int) reader.remaining();
                try {
                  int at = reader.inPlace();
                  return VersionMessage.decode(reader.buffer().segment(), at, size);
                } catch (ErrnoException e) {
                  throw new ProtocolException(String.valueOf(e.getMessage()));
                }
              });
    } catch (DeviceException e) {
      if (e.errno().equals(Errno.EBUSY)) {
        throw new DeviceException(name, "connect", Errno.EBUSY,
            name + " is in use: another client is connected", e);
      }
      throw e;
    }
    if (granted.major() != asked.major() || granted.minor() > asked.minor()) {
      throw new ErrnoException(Errno.EINVAL, "version " + granted.major() + "." + granted.minor());
    }
    return granted;
  }

  /** Fills the fields of a command and tells how many bytes they have. */
  @FunctionalInterface
  interface Fields {
    int fill(MemorySegment head);
  }

  <T> T call(String action, Command command, Fields fields, MemorySegment data,
      ClientChannel.ReplyReader<T> replyReader) throws DeviceException {
    return call(action, command, fields, data, List.of(), replyReader);
  }

  private <T> T call(String action, Command command, Fields fields, MemorySegment data, List<Fd> fds,
      ClientChannel.ReplyReader<T> replyReader) throws DeviceException {
    try {
      channel.lock();
      try {
        int size = fields.fill(channel.head());
        return channel.exchange(command, size, data, fds, replyReader);
      } finally {
        channel.unlock();
      }
    } catch (RemoteErrorException e) {
      throw new DeviceException(name, action, e.errno());
    } catch (LinuxException e) {
      throw new DeviceLostException(name, action, e.errno(), e.errno().toString(), e);
    } catch (ProtocolException e) {
      throw new DeviceLostException(name, action, e.errno(), String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new DeviceLostException(name, action, Errno.EPROTO, String.valueOf(e.getMessage()), e);
    }
  }

  /** Reads a reply that must have at least so many bytes, all of which fit in the reader. */
  static int body(MessageReader reader, int bytes) throws LinuxException, ProtocolException {
    if (reader.remaining() < bytes) {
      throw new ProtocolException(
          "a reply of " + reader.remaining() + " bytes instead of " + bytes);
    }
    return reader.inPlace(bytes);
  }

  private DeviceIdentity readIdentity(VersionMessage version) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment config = arena.allocate(64, 8);
      readRegion(DeviceDescription.CONFIG_REGION, 0, config);
      int ids = config.get(Wire.U32, 0);
      int subsystem = config.get(Wire.U32, 0x2c);
      return new DeviceIdentity(name, ids & 0xffff, ids >>> 16, subsystem & 0xffff, subsystem >>> 16,
          config.get(Wire.U32, 8) >>> 8,
          "vfio-user " + version.major() + "." + version.minor() + (extensions.ours() ? " (vfio4j)" : ""));
    }
  }

  /** Returns the limits in force. */
  public Limits limits() {
    return limits;
  }

  /** Tells whether the server leaves the device as it is, if it is in RUNNING, when this client goes away. */
  public boolean keepsState() {
    return extensions.keepState();
  }

  /** Returns what the server says of the device. */
  public DeviceInfo info() {
    return info;
  }

  private DeviceInfo deviceInfo() throws DeviceException {
    return call("DEVICE_GET_INFO", Command.DEVICE_GET_INFO, head -> {
      head.asSlice(Header.SIZE, Structs.DeviceInfo.SIZE).fill((byte) 0);
      head.set(Wire.U32, Header.SIZE, Structs.DeviceInfo.SIZE);
      return Structs.DeviceInfo.SIZE;
    }, MemorySegment.NULL, reader -> {
      int at = body(reader, Structs.DeviceInfo.SIZE);
      MemorySegment reply = reader.buffer().segment();
      return new DeviceInfo(reply.get(Wire.U32, at + Structs.DeviceInfo.FLAGS),
          reply.get(Wire.U32, at + Structs.DeviceInfo.NUM_REGIONS),
          reply.get(Wire.U32, at + Structs.DeviceInfo.NUM_IRQS));
    });
  }

  /**
   * Asks about a region.
   *
   * @param index the region's index
   * @throws DeviceException EINVAL if there is no such index
   */
  public RegionInfo regionInfo(int index) throws DeviceException {
    try (MappedRegion mapped = mappedRegion(index)) {
      return mapped.info();
    }
  }

  /**
   * Asks about a region and for its memory.
   *
   * @param index the region's index
   * @return the region's memory, which is the caller's
   * @throws DeviceException EINVAL if there is no such index, ENODEV if its memory is not to be had
   */
  public MappedRegion mapRegion(int index) throws DeviceException {
    MappedRegion mapped = mappedRegion(index);
    if (!mapped.hasMemory()) {
      throw new DeviceException(name, "map region " + index, Errno.ENODEV);
    }
    return mapped;
  }

  private MappedRegion mappedRegion(int index) throws DeviceException {
    return call("GET_REGION_INFO of " + index, Command.DEVICE_GET_REGION_INFO, head -> {
      head.asSlice(Header.SIZE, Structs.RegionInfo.SIZE).fill((byte) 0);
      head.set(Wire.U32, Header.SIZE, Structs.RegionInfo.SIZE);
      head.set(Wire.U32, Header.SIZE + Structs.RegionInfo.INDEX, index);
      return Structs.RegionInfo.SIZE;
    }, MemorySegment.NULL, reader -> {
      int at = body(reader, Structs.RegionInfo.SIZE);
      MemorySegment reply = reader.buffer().segment();
      int flags = reply.get(Wire.U32, at + Structs.RegionInfo.FLAGS);
      long size = reply.get(Wire.U64, at + Structs.RegionInfo.LENGTH);
      if (size < 0) {
        throw new ProtocolException("a region of " + Long.toUnsignedString(size) + " bytes");
      }
      RegionInfo region = new RegionInfo(index, size, (flags & Structs.RegionInfo.READ) != 0,
          (flags & Structs.RegionInfo.WRITE) != 0, (flags & Structs.RegionInfo.MMAP) != 0);
      Fd fd = region.mappable() && reader.fds().count() > 0 ? reader.fds().take(0) : null;
      return new MappedRegion(region, fd, reply.get(Wire.U64, at + Structs.RegionInfo.OFFSET));
    });
  }

  /**
   * Asks about an interrupt index.
   *
   * @throws DeviceException EINVAL if there is no such index
   */
  public IrqInfo irqInfo(int index) throws DeviceException {
    return call("GET_IRQ_INFO of " + index, Command.DEVICE_GET_IRQ_INFO, head -> {
      head.asSlice(Header.SIZE, Structs.IrqInfo.SIZE).fill((byte) 0);
      head.set(Wire.U32, Header.SIZE, Structs.IrqInfo.SIZE);
      head.set(Wire.U32, Header.SIZE + Structs.IrqInfo.INDEX, index);
      return Structs.IrqInfo.SIZE;
    }, MemorySegment.NULL, reader -> {
      int at = body(reader, Structs.IrqInfo.SIZE);
      MemorySegment reply = reader.buffer().segment();
      return new IrqInfo(index, reply.get(Wire.U32, at + Structs.IrqInfo.FLAGS),
          reply.get(Wire.U32, at + Structs.IrqInfo.COUNT));
    });
  }

  /**
   * Lets interrupts be heard through eventfds, {@code VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER}.
   *
   * @param index the interrupt's index
   * @param start the first vector
   * @param eventFds an eventfd for each vector from there on; they stay the caller's. Sent in pieces where the server
   *     takes fewer in a message
   * @throws DeviceException EINVAL if there are no such vectors
   */
  public void setIrqs(int index, int start, List<EventFd> eventFds) throws DeviceException {
    int most = Math.max(1, limits.maxMsgFds());
    for (int done = 0; done < eventFds.size(); done += most) {
      List<EventFd> part = eventFds.subList(done, Math.min(eventFds.size(), done + most));
      setIrqs(index, start + done, part.size(), Structs.IrqSet.DATA_EVENTFD | Structs.IrqSet.ACTION_TRIGGER,
          part.stream().map(EventFd::fd).toList());
    }
  }

  /**
   * Disables all interrupts of an index.
   *
   * @throws DeviceException EINVAL if there is no such index
   */
  public void disableIrqs(int index) throws DeviceException {
    setIrqs(index, 0, 0, Structs.IrqSet.DATA_NONE | Structs.IrqSet.ACTION_TRIGGER, List.of());
  }

  /**
   * Unmasks INTx after it fired, {@code VFIO_IRQ_SET_ACTION_UNMASK}.
   *
   * @throws DeviceException EINVAL if the device has no INTx
   */
  public void unmaskIntx() throws DeviceException {
    setIrqs(DeviceDescription.INTX, 0, 1, Structs.IrqSet.DATA_NONE | Structs.IrqSet.ACTION_UNMASK, List.of());
  }

  private void setIrqs(int index, int start, int count, int flags, List<Fd> fds) throws DeviceException {
    call("SET_IRQS of " + index, Command.DEVICE_SET_IRQS, head -> {
      head.set(Wire.U32, Header.SIZE, Structs.IrqSet.SIZE);
      head.set(Wire.U32, Header.SIZE + Structs.IrqSet.FLAGS, flags);
      head.set(Wire.U32, Header.SIZE + Structs.IrqSet.INDEX, index);
      head.set(Wire.U32, Header.SIZE + Structs.IrqSet.START, start);
      head.set(Wire.U32, Header.SIZE + Structs.IrqSet.COUNT, count);
      return Structs.IrqSet.SIZE;
    }, MemorySegment.NULL, fds, reader -> Boolean.TRUE);
  }

  /**
   * Reads from a region, in pieces if it is more than the server gives at once.
   *
   * @param region the region's index
   * @param offset where to begin, bytes
   * @param into where to put the bytes, native memory
   * @throws DeviceException EINVAL outside the region
   */
  public void readRegion(int region, long offset, MemorySegment into) throws DeviceException {
    for (long done = 0; done < into.byteSize();) {
      int count = (int) Math.min(limits.maxDataXferSize(), into.byteSize() - done);
      readPiece(region, offset + done,
          done == 0 && count == into.byteSize() ? into : into.asSlice(done, count));
      done += count;
    }
  }

  private void readPiece(int region, long offset, MemorySegment into) throws DeviceException {
    int count = (int) into.byteSize();
    call("read region", Command.REGION_READ, head -> regionAccess(head, region, offset, count),
        MemorySegment.NULL,
        reader -> {
          int at = body(reader, Structs.RegionAccess.SIZE);
          int got = reader.buffer().segment().get(Wire.U32, at + Structs.RegionAccess.COUNT);
          if (got != count || reader.remaining() < count) {
            throw new ProtocolException(
                "REGION_READ of " + count + " bytes answered with " + Integer.toUnsignedString(got));
          }
          reader.read(into);
          return Boolean.TRUE;
        });
  }

  /**
   * Writes to a region, in pieces if it is more than the server takes at once.
   *
   * @param region the region's index
   * @param offset where to begin, bytes
   * @param data the bytes, native memory
   * @throws DeviceException EINVAL outside the region
   */
  public void writeRegion(int region, long offset, MemorySegment data) throws DeviceException {
    for (long done = 0; done < data.byteSize();) {
      int count = (int) Math.min(limits.maxDataXferSize(), data.byteSize() - done);
      long at = offset + done;
      call("write region", Command.REGION_WRITE, head -> regionAccess(head, region, at, count),
          data.asSlice(done, count), reader -> Boolean.TRUE);
      done += count;
    }
  }

  private static int regionAccess(MemorySegment head, int region, long offset, int count) {
    head.set(Wire.U64, Header.SIZE + Structs.RegionAccess.OFFSET, offset);
    head.set(Wire.U32, Header.SIZE + Structs.RegionAccess.REGION, region);
    head.set(Wire.U32, Header.SIZE + Structs.RegionAccess.COUNT, count);
    return Structs.RegionAccess.SIZE;
  }

  /** Reads a 32-bit register. */
  public int readInt(int region, long offset) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
      readRegion(region, offset, value);
      return value.get(Wire.U32, 0);
    }
  }

  /** Reads a 64-bit register. */
  public long readLong(int region, long offset) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(ValueLayout.JAVA_LONG);
      readRegion(region, offset, value);
      return value.get(Wire.U64, 0);
    }
  }

  /** Writes a 32-bit register. */
  public void writeInt(int region, long offset, int value) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(ValueLayout.JAVA_INT);
      data.set(Wire.U32, 0, value);
      writeRegion(region, offset, data);
    }
  }

  /** Writes a 64-bit register. */
  public void writeLong(int region, long offset, long value) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(ValueLayout.JAVA_LONG);
      data.set(Wire.U64, 0, value);
      writeRegion(region, offset, data);
    }
  }

  /**
   * Lets the device reach memory.
   *
   * @param range where the device sees it
   * @param fd the memory, which stays the caller's
   * @param offset where in the file it begins, bytes, a multiple of the page size
   * @param writable whether the device may write it
   * @throws DeviceException EINVAL if it overlaps another mapping or lies outside the file, ENOSPC for too many
   */
  public void mapDma(IovaRange range, Fd fd, long offset, boolean writable) throws DeviceException {
    map(range, offset, writable, List.of(fd));
  }

  /**
   * Lets the device reach memory that is not handed over: the server asks for it by message.
   *
   * @param iova where the device sees it
   * @param opaque the memory, native and shared by all threads, at least until it is unmapped
   * @param writable whether the device may write it
   * @throws DeviceException EINVAL if it overlaps another mapping, ENOSPC for too many
   */
  public void mapDma(long iova, MemorySegment opaque, boolean writable) throws DeviceException {
    int access = DmaMapping.READ | (writable ? DmaMapping.WRITE : 0);
    IovaRange range = new IovaRange(iova, opaque.byteSize());
    Runnable undo = memory.add(iova, opaque, access);
    try {
      map(range, 0, writable, List.of());
    } catch (DeviceException e) {
      undo.run();
      throw e;
    }
    channel.serveMemory();
  }

  private void map(IovaRange range, long offset, boolean writable, List<Fd> fds) throws DeviceException {
    call("DMA_MAP of " + range, Command.DMA_MAP, head -> {
      head.set(Wire.U32, Header.SIZE, Structs.DmaMap.SIZE);
      head.set(Wire.U32, Header.SIZE + Structs.DmaMap.FLAGS,
          DmaMapping.READ | (writable ? DmaMapping.WRITE : 0) | (fds.isEmpty() ? 0 : DmaMapping.MMAP));
      head.set(Wire.U64, Header.SIZE + Structs.DmaMap.OFFSET, offset);
      head.set(Wire.U64, Header.SIZE + Structs.DmaMap.IOVA, range.iova());
      head.set(Wire.U64, Header.SIZE + Structs.DmaMap.LENGTH, range.length());
      return Structs.DmaMap.SIZE;
    }, MemorySegment.NULL, fds, reader -> Boolean.TRUE);
  }

  /**
   * Takes memory away from the device.
   *
   * @param range exactly what was mapped
   * @throws DeviceException ENOENT if it was not mapped so
   */
  public void unmapDma(IovaRange range) throws DeviceException {
    call("DMA_UNMAP of " + range, Command.DMA_UNMAP, head -> {
      head.set(Wire.U32, Header.SIZE, Structs.DmaUnmap.SIZE);
      head.set(Wire.U32, Header.SIZE + Structs.DmaUnmap.FLAGS, 0);
      head.set(Wire.U64, Header.SIZE + Structs.DmaUnmap.IOVA, range.iova());
      head.set(Wire.U64, Header.SIZE + Structs.DmaUnmap.LENGTH, range.length());
      return Structs.DmaUnmap.SIZE;
    }, MemorySegment.NULL, reader -> Boolean.TRUE);
    memory.remove(range.iova());
  }

  @Override
  public DeviceIdentity identity() {
    return identity;
  }

  @Override
  public MigrationFeatures features() {
    return migration.features();
  }

  @Override
  public DeviceState state() throws DeviceException {
    return migration.state();
  }

  @Override
  public Reached moveTo(DeviceState target) throws DeviceException {
    return migration.moveTo(target);
  }

  /**
   * Resets the device.
   *
   * @throws DeviceException EIO if the server leaves the migration state as it was, as some do, and the device cannot
   *     be moved out of it
   */
  @Override
  public void reset() throws DeviceException {
    try {
      sendReset();
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      // Servers are known that refuse it in the states of a stopped device.
      if (!migration.leaveStopped()) {
        throw e;
      }
      sendReset();
    }
    migration.wasReset();
  }

  private void sendReset() throws DeviceException {
    call("reset", Command.DEVICE_RESET, head -> 0, MemorySegment.NULL, reader -> Boolean.TRUE);
  }

  @Override
  public OptionalLong stopCopyLength() throws DeviceException {
    return migration.stopCopyLength();
  }

  @Override
  public Optional<DmaLog> dmaLog() {
    return migration.dmaLog();
  }

  /** Disconnects. The server resets the device unless it {@linkplain #keepsState keeps} its state. */
  @Override
  public void close() {
    channel.close();
  }

  String name() {
    return name;
  }

  /** Makes the exception for a failed move. */
  TransitionException failedMove(DeviceState from, DeviceState target, Errno errno, DeviceState reached,
      @Nullable Throwable cause) {
    return new TransitionException(name, from, target, errno, reached, cause);
  }
}
