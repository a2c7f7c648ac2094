// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.connection;

import io.vfio4j.engine.MigrationTimeouts;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.StreamVersion;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.codec.Codec;
import io.vfio4j.engine.codec.Compression;
import io.vfio4j.engine.codec.Compressor;
import io.vfio4j.engine.codec.Decompressor;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.stream.CompressedFrame;
import io.vfio4j.engine.stream.CompressedPayload;
import io.vfio4j.engine.stream.FrameBuffers;
import io.vfio4j.engine.stream.FrameHeader;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.FrameReader;
import io.vfio4j.engine.stream.FrameStream;
import io.vfio4j.engine.stream.FrameWriter;
import io.vfio4j.engine.stream.Hello;
import io.vfio4j.engine.stream.LingeringClose;
import io.vfio4j.engine.stream.Preamble;
import io.vfio4j.engine.stream.StreamException;
import io.vfio4j.engine.transport.LocalTransport;
import io.vfio4j.engine.util.Exceptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A side's end of a connection: owns the transport and one buffer for each direction. */
public final class StreamConnection implements AutoCloseable {

  private final Transport transport;
  /** Changed once, by {@link #adapt}, and read by the heartbeat too, as is {@link #peerSendsHeartbeats}. */
  private volatile Duration timeout;
  private volatile boolean peerSendsHeartbeats;
  private volatile long lastReceived = System.nanoTime();
  private boolean helloReceived;
  private final PhaseTracker tracker;
  private final Side peer;
  private final Arena arena = Arena.ofShared(); // Device threads access the buffers.
  private final FrameStream outgoing;
  private final FrameWriter out;
  private final FrameReader in;
  private final FrameHeader heartbeat;
  private final List<Runnable> closers = new ArrayList<>(); // Of compressors and decompressors.
  private Optional<Compression> compression = Optional.empty();

  /** Wraps a transport; the buffer for the direction of the data is larger than the other. */
  public StreamConnection(Transport transport, Duration stall, PhaseTracker tracker) {
    this.transport = transport;
    this.timeout = stall;
    this.tracker = tracker;
    this.peer = tracker.side() == Side.SOURCE ? Side.TARGET : Side.SOURCE;
    boolean sends = tracker.side() == Side.SOURCE;
    this.outgoing = new FrameStream(transport, stall);
    this.out = new FrameWriter(outgoing, buffer(sends));
    this.in = new FrameReader(transport, buffer(!sends));
    this.heartbeat = new FrameHeader(arena.allocate(FrameHeader.BYTES).asByteBuffer());
  }

  private MemorySegment buffer(boolean large) {
    return large ? FrameBuffers.bulk(arena) : FrameBuffers.control(arena);
  }

  public FrameWriter out() {
    return out;
  }

  public FrameReader in() {
    return in;
  }

  /** Returns another writer to the same connection, for another thread, with a buffer for any frame. */
  public FrameWriter newWriter() {
    FrameWriter writer = new FrameWriter(outgoing, buffer(true));
    compression.ifPresent(how -> compress(writer, how));
    return writer;
  }

  /** Makes all writers compress DATA and MEMORY, as announced in the HELLO; called before any is sent. */
  public void compressWith(Compression how) {
    compression = Optional.of(how);
    compress(out, how);
  }

  private void compress(FrameWriter writer, Compression how) {
    Compressor compressor = how.codec().newCompressor(how.level());
    closers.add(compressor::close);
    writer.compressWith(new CompressedFrame(compressor, FrameBuffers.compressed(arena, how.codec())));
  }

  /** Accepts compressed DATA and MEMORY, as announced in the HELLO. */
  public void decompressWith(Codec codec) {
    Decompressor decompressor = codec.newDecompressor();
    closers.add(decompressor::close);
    in.decompressWith(new CompressedPayload(decompressor, FrameBuffers.payload(arena)));
  }

  /**
   * Adapts to the version of the peer, once its HELLO has been received.
   *
   * @param times the timeouts for it
   */
  public void adapt(StreamVersion version, MigrationTimeouts times) {
    peerSendsHeartbeats = version.minor() >= Preamble.FIRST_MINOR_WITH_HEARTBEAT;
    timeout = peerSendsHeartbeats ? times.silence() : times.silenceWithoutHeartbeat();
    if (peerSendsHeartbeats) {
      outgoing.setSendTimeout(times.sendStall());
    }
  }

  /** Sends ALIVE also after END: the handover follows on this connection. */
  public void keepAliveAfterEnd() {
    outgoing.keepAliveAfterEnd();
  }

  /** Returns whether the peer sends ALIVE whatever it waits for, and accepts it from this side. */
  public boolean peerSendsHeartbeats() {
    return peerSendsHeartbeats;
  }

  /** Sends ALIVE if nothing was sent within the interval. */
  public void keepAlive(Duration interval) throws IOException {
    outgoing.keepAlive(heartbeat, interval);
  }

  /** Checks that a frame has arrived within the timeout, if the peer sends ALIVE; all that has arrived must have been read. */
  void requireHeartbeat() throws StalledException {
    if (peerSendsHeartbeats && System.nanoTime() - lastReceived > timeout.toNanos()) {
      throw new StalledException(transport.peer(), "gave no sign of life", timeout);
    }
  }

  /** Closes the transport because nothing useful can be sent: a blocked send ends with a cancellation. */
  void cancel() {
    outgoing.cancel();
    closeTransport();
  }

  /** Returns how long the peer may be silent. */
  public Duration timeout() {
    return timeout;
  }

  public String peerName() {
    return transport.peer();
  }

  /** Returns whether the peer is in this process. */
  public boolean isLocal() {
    return transport instanceof LocalTransport;
  }

  public Hello receiveHello() throws IOException {
    return readHello(await(timeout));
  }

  /** Reads the HELLO that has been received; checks that the frame is one. */
  public Hello readHello(FrameKind kind) throws IOException {
    if (kind != FrameKind.HELLO) {
      throw unexpected(kind, "instead of " + FrameKind.HELLO);
    }
    Hello hello = Hello.read(in.body()).requireFrom(peer);
    helloReceived = true;
    return hello;
  }

  /**
   * Waits for a frame. ALIVE restarts the wait; it is an error before HELLO.
   *
   * @param patience how long the peer may be silent
   * @throws PeerFailedException if the frame reports a failure
   */
  public FrameKind await(Duration patience) throws IOException {
    FrameKind kind = next(patience);
    while (kind == FrameKind.ALIVE && helloReceived) {
      kind = next(patience);
    }
    return kind;
  }

  /** Waits for a frame as {@link #await} does, but also returns ALIVE. */
  public FrameKind next(Duration patience) throws IOException {
    FrameKind kind = in.next(patience);
    lastReceived = System.nanoTime();
    if (kind.isFailure()) {
      throw new PeerFailedException(peer, kind, in.text());
    }
    return kind;
  }

  /** Waits for a frame of one kind. */
  public void expect(FrameKind wanted, Duration patience) throws IOException {
    FrameKind kind = await(patience);
    if (kind != wanted) {
      throw unexpected(kind, "instead of " + wanted);
    }
  }

  public StreamException unexpected(FrameKind kind, String where) {
    return new StreamException("the %s sent %s %s".formatted(peer, kind, where));
  }

  /** Reads what has arrived, which may only be ALIVE or a failure. */
  void checkForFailure(String where) throws IOException {
    while (hasInput()) {
      FrameKind kind = next(timeout);
      if (kind != FrameKind.ALIVE) {
        throw unexpected(kind, where);
      }
    }
  }

  public boolean hasInput() throws IOException {
    return transport.hasInput();
  }

  /** Returns the failure that the peer has reported, if any, otherwise the given one. */
  public Throwable explainFailure(Throwable failure) {
    long end = System.nanoTime() + timeout.toNanos();
    try {
      while (transport.hasInput() && System.nanoTime() - end < 0) {
        next(timeout);
      }
      return failure;
    } catch (PeerFailedException e) {
      Exceptions.suppress(e, failure);
      return e;
    } catch (IOException e) {
      Exceptions.suppress(failure, e);
      return failure;
    }
  }

  /**
   * Receives and drops everything until the peer closes the connection, or the timeout: otherwise the final frame could be
   * lost.
   */
  public void drain() throws IOException {
    LingeringClose.drain(transport, timeout);
  }

  /** Closes the connection and frees the buffers. */
  @Override
  public void close() {
    closeTransport();
    closers.forEach(this::free);
    free(arena::close);
  }

  private void free(Runnable close) {
    try {
      close.run();
    } catch (IllegalStateException e) {
      tracker
          .note("buffers are not freed, because a device that does not respond may still use them: "
              + Exceptions.message(e));
    } catch (RuntimeException e) {
      tracker.note("buffers are not freed: " + Exceptions.message(e));
    }
  }

  private void closeTransport() {
    try {
      transport.close();
    } catch (IOException | RuntimeException e) {
      tracker.note("the connection did not close: " + Exceptions.message(e));
    }
  }
}
