// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import static io.vfio4j.testkit.foreign.WireConstants.DEVICE_STATE;
import static io.vfio4j.testkit.foreign.WireConstants.DMA_MAP;
import static io.vfio4j.testkit.foreign.WireConstants.DMA_UNMAP;
import static io.vfio4j.testkit.foreign.WireConstants.FEATURE;
import static io.vfio4j.testkit.foreign.WireConstants.GET;
import static io.vfio4j.testkit.foreign.WireConstants.GET_INFO;
import static io.vfio4j.testkit.foreign.WireConstants.MIGRATION;
import static io.vfio4j.testkit.foreign.WireConstants.MIG_DATA_READ;
import static io.vfio4j.testkit.foreign.WireConstants.MIG_DATA_WRITE;
import static io.vfio4j.testkit.foreign.WireConstants.REGION_READ;
import static io.vfio4j.testkit.foreign.WireConstants.REGION_WRITE;
import static io.vfio4j.testkit.foreign.WireConstants.RESET;
import static io.vfio4j.testkit.foreign.WireConstants.SET;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigrationFeature;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Set;

/**
 * A vfio-user client with traits of other implementations, which drives a device and its migration. An error reply
 * becomes an {@link ErrnoException}; a reply that this client does not accept becomes a
 * {@link ProtocolViolationException}. Confined to one thread.
 */
public final class ForeignClient implements AutoCloseable {

  /** The number of outstanding commands of a pipelining client. */
  private static final int PIPELINE_DEPTH = 8;
  private static final int MAX_CHUNK = 64 << 10;
  private static final int READ_WRITE = 3;
  private static final int MMAP = 4;

  private final ClientConnection connection;
  private final Set<ClientTrait> traits;
  private final int minor;

  private ForeignClient(UnixSocket socket, Set<ClientTrait> traits) throws IOException, ErrnoException {
    this.traits = Set.copyOf(traits);
    connection = new ClientConnection(socket, traits.contains(ClientTrait.IGNORES_ERRORS));
    boolean small = traits.contains(ClientTrait.SMALL_LIMITS);
    PeerLimits own = small ? PeerLimits.MINIMAL : PeerLimits.DEFAULT;
    VersionExchange version =
        VersionExchange.negotiate(connection, traits.contains(ClientTrait.VERSION_0_0) ? 0 : 2,
            traits.contains(ClientTrait.NO_JSON) ? "" : own.json());
    minor = version.minor();
    connection.limits(own.min(version.json()));
  }

  /**
   * Connects to a server and negotiates the version.
   *
   * @param path the server's socket
   * @param traits the client's traits
   * @throws IOException if the connection fails, or the client does not accept the server's reply
   * @throws ErrnoException if the server refuses the client
   * @throws IllegalArgumentException if the traits are mutually exclusive
   */
  public static ForeignClient connect(Path path, Set<ClientTrait> traits) throws IOException, ErrnoException {
    if (traits.containsAll(Set.of(ClientTrait.SMALL_LIMITS, ClientTrait.NO_JSON))) {
      throw new IllegalArgumentException("limits cannot be announced without JSON");
    }
    UnixSocket socket = UnixSocket.connect(path);
    try {
      return new ForeignClient(socket, traits);
    } catch (IOException | ErrnoException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /** Returns the negotiated minor version. */
  public int minor() {
    return minor;
  }

  /** Returns the {@code VFIO_DEVICE_FLAGS_*} that the server reports. */
  public int deviceFlags() throws IOException, ErrnoException {
    return connection.call(GET_INFO, MessageBody.empty().u32(16, 0, 0, 0)).u32(4);
  }

  /** Reads from a region, in chunks of the negotiated size. */
  public byte[] read(int region, long offset, int count) throws IOException, ErrnoException {
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    Pipeline pipeline = new Pipeline(REGION_READ, reply -> data.writeBytes(reply.bytes(16, reply.u32(12))));
    for (int done = 0; done < count; done += connection.limits().data()) {
      int piece = Math.min(connection.limits().data(), count - done);
      pipeline.send(MessageBody.empty().u64(offset + done).u32(region, piece));
    }
    pipeline.finish();
    return data.toByteArray();
  }

  /** Writes to a region, in chunks of the negotiated size. */
  public void write(int region, long offset, byte[] data) throws IOException, ErrnoException {
    Pipeline pipeline = new Pipeline(REGION_WRITE, reply -> {
    });
    for (int done = 0; done < data.length; done += connection.limits().data()) {
      byte[] piece = Arrays.copyOfRange(data, done, Math.min(data.length, done + connection.limits().data()));
      pipeline.send(MessageBody.empty().u64(offset + done).u32(region, piece.length).bytes(piece));
    }
    pipeline.finish();
  }

  /** Maps a file's memory, from offset 0, for the device. */
  public void map(long iova, long size, Fd file) throws IOException, ErrnoException {
    connection.call(DMA_MAP, MessageBody.empty().u32(32, READ_WRITE | MMAP).u64(0, iova, size), file);
  }

  /** Maps memory that the device accesses by message, while this client is in a call. */
  public void mapByMessage(long iova, MemorySegment memory) throws IOException, ErrnoException {
    connection.exposeMemory(iova, memory);
    connection.call(DMA_MAP, MessageBody.empty().u32(32, READ_WRITE).u64(0, iova, memory.byteSize()));
  }

  /** Unmaps memory. */
  public void unmap(long iova, long size) throws IOException, ErrnoException {
    connection.call(DMA_UNMAP, MessageBody.empty().u32(24, 0).u64(iova, size));
    connection.withdrawMemory(iova);
  }

  /** Resets the device. */
  public void reset() throws IOException, ErrnoException {
    connection.call(RESET, MessageBody.empty());
  }

  /** Returns the migration state. */
  public DeviceState state() throws IOException, ErrnoException {
    int value = connection.call(FEATURE, MessageBody.feature(DEVICE_STATE | GET, 8)).u32(8);
    return DeviceState.fromWire(value)
        .orElseThrow(
            () -> new ProtocolViolationException("unknown device state " + Integer.toUnsignedString(value)));
  }

  /** Moves the device to a state. */
  public void moveTo(DeviceState target) throws IOException, ErrnoException {
    connection.call(FEATURE, MessageBody.feature(DEVICE_STATE | SET, 8).u32(target.wireValue(), -1));
  }

  /**
   * Saves the device's state, through PRE_COPY if the device supports it, and leaves the device in STOP_COPY.
   *
   * @return the whole stream
   */
  public byte[] save() throws IOException, ErrnoException {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    long features = connection.call(FEATURE, MessageBody.feature(MIGRATION | GET, 8)).u64(8);
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
    int size = chunkSize();
    boolean[] nothing = {false};
    Pipeline pipeline = new Pipeline(MIG_DATA_READ, reply -> {
      byte[] data = data(reply, size);
      stream.writeBytes(data);
      nothing[0] |= data.length == 0;
    });
    while (!nothing[0]) {
      pipeline.send(MessageBody.empty().u32(8 + size, size));
    }
    pipeline.finish();
  }

  private int chunkSize() {
    return Math.min(MAX_CHUNK, connection.limits().data());
  }

  private byte[] data(WireMessage reply, int requested) throws ProtocolViolationException, ErrnoException {
    int real = reply.u32(4);
    int sent = reply.body().limit() - 8;
    if (real < 0 || real > requested || sent < real || sent > requested) {
      throw new ProtocolViolationException(
          "%d bytes requested, %d announced, %d sent".formatted(requested, real, sent));
    }
    if (traits.contains(ClientTrait.REQUIRES_PADDING) && sent != requested) {
      throw new ProtocolViolationException(
          "a MIG_DATA_READ of %d bytes answered with %d".formatted(requested, sent));
    }
    return reply.bytes(8, real);
  }

  /** Resets the device and loads a stream into it; the device is in RUNNING afterwards. */
  public void load(byte[] stream) throws IOException, ErrnoException {
    reset();
    moveTo(DeviceState.RESUMING);
    Pipeline pipeline = new Pipeline(MIG_DATA_WRITE, reply -> {
    });
    for (int done = 0; done < stream.length; done += chunkSize()) {
      byte[] data = Arrays.copyOfRange(stream, done, Math.min(stream.length, done + chunkSize()));
      pipeline.send(MessageBody.empty().u32(8 + data.length, data.length).bytes(data));
    }
    pipeline.finish();
    moveTo(DeviceState.RUNNING);
  }

  @Override
  public void close() {
    connection.close();
  }

  /** Handles the reply to one command of a pipeline. */
  @FunctionalInterface
  private interface ReplyHandler {
    void handle(WireMessage reply) throws IOException, ErrnoException;
  }

  /** Commands of one kind, sent one by one or pipelined, depending on the client's traits. */
  private final class Pipeline {

    private final int command;
    private final ReplyHandler replyHandler;
    private final Deque<Integer> inFlight = new ArrayDeque<>();

    Pipeline(int command, ReplyHandler answered) {
      this.command = command;
      this.replyHandler = answered;
    }

    void send(MessageBody body) throws IOException, ErrnoException {
      inFlight.add(connection.sendRequest(command, body));
      if (inFlight.size() == (traits.contains(ClientTrait.PIPELINES) ? PIPELINE_DEPTH : 1)) {
        receiveOne();
      }
    }

    private void receiveOne() throws IOException, ErrnoException {
      replyHandler.handle(connection.receiveReply(inFlight.remove(), command));
    }

    void finish() throws IOException, ErrnoException {
      while (!inFlight.isEmpty()) {
        receiveOne();
      }
    }
  }
}
