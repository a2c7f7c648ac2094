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
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A side's end of the connection: owns the transport and one buffer for each direction. */
public final class StreamConnection implements AutoCloseable {

  private final Transport transport;
  private volatile Duration timeout;
  private volatile boolean peerSendsHeartbeats;
  private volatile long lastReceived = System.nanoTime();
  private boolean helloReceived;
  private final PhaseTracker tracker;
  private final Side peer;
  private final Arena arena = Arena.ofShared(); // Devices may touch the buffers in threads of their own.
  private final FrameStream outgoing;
  private final FrameWriter out;
  private final FrameReader in;
  private final ByteBuffer heartbeat;
  private final FrameHeader heartbeatHeader;
  private final List<Runnable> closers = new ArrayList<>(); // Of what compresses and decompresses.
  private Optional<Compression> compression = Optional.empty();

  /** Makes a link; of the two buffers, that for the direction of the data is the large one. */
  public StreamConnection(Transport transport, Duration stall, PhaseTracker tracker) {
    this.transport = transport;
    this.timeout = stall;
    this.tracker = tracker;
    this.peer = tracker.side() == Side.SOURCE ? Side.TARGET : Side.SOURCE;
    boolean sends = tracker.side() == Side.SOURCE;
    this.outgoing = new FrameStream(transport, stall);
    this.out = new FrameWriter(outgoing, buffer(sends));
    this.in = new FrameReader(transport, buffer(!sends));
    this.heartbeat = arena.allocate(FrameHeader.BYTES).asByteBuffer();
    this.heartbeatHeader = new FrameHeader(heartbeat);
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

  /** Returns a further writer to the same connection, for another thread, with the longest payload. */
  public FrameWriter newWriter() {
    FrameWriter writer = new FrameWriter(outgoing, buffer(true));
    compression.ifPresent(how -> compress(writer, how));
    return writer;
  }

  /** Has all writers send bulk compressed, as the HELLO says; to be called before there is any. */
  public void compressWith(Compression how) {
    compression = Optional.of(how);
    compress(out, how);
  }

  private void compress(FrameWriter writer, Compression how) {
    Compressor compressor = how.codec().newCompressor(how.level());
    closers.add(compressor::close);
    writer.compressWith(new CompressedFrame(compressor, FrameBuffers.compressed(arena, how.codec())));
  }

  /** Lets bulk come in compressed, as the HELLO says. */
  public void decompressWith(Codec codec) {
    Decompressor decompressor = codec.newDecompressor();
    closers.add(decompressor::close);
    in.decompressWith(new CompressedPayload(decompressor, FrameBuffers.payload(arena)));
  }

  /**
   * Adapts to what the other side is like, once its HELLO has been received.
   *
   * @param version what it speaks
   * @param times how long it may take
   */
  public void adapt(StreamVersion version, MigrationTimeouts times) {
    peerSendsHeartbeats = version.minor() >= Preamble.FIRST_MINOR_WITH_HEARTBEAT;
    timeout = peerSendsHeartbeats ? times.silence() : times.silenceWithoutHeartbeat();
    if (peerSendsHeartbeats) {
      outgoing.setSendTimeout(times.sendStall());
    }
  }

  /** Has signs of life sent also after END: this is the connection on which both sides go on to talk. */
  public void keepAliveAfterEnd() {
    outgoing.keepAliveAfterEnd();
  }

  /** Tells whether the other side says that it is alive whatever it waits for, and reads that of this one. */
  public boolean peerSendsHeartbeats() {
    return peerSendsHeartbeats;
  }

  /** Lets the other side know that somebody is there, if it has not heard anything for a while. */
  public void keepAlive(Duration interval) throws IOException {
    outgoing.keepAlive(heartbeat, heartbeatHeader, interval);
  }

  /** Checks that the other side has been heard lately, if it gives signs of life; after all has been read that is there. */
  void requireHeartbeat() throws StalledException {
    if (peerSendsHeartbeats && System.nanoTime() - lastReceived > timeout.toNanos()) {
      throw new StalledException(transport.peer(), "gave no sign of life", timeout);
    }
  }

  /** Ends the connection, since nothing of use can be sent over it: who waits in a send gives up. */
  void cancel() {
    outgoing.cancel();
    closeTransport();
  }

  /** Returns how long the other side may be silent. */
  public Duration timeout() {
    return timeout;
  }

  public String peerName() {
    return transport.peer();
  }

  /** Returns whether the other side is in this process. */
  public boolean isLocal() {
    return transport instanceof LocalTransport;
  }

  public Hello receiveHello() throws IOException {
    return readHello(await(timeout));
  }

  /** Takes the introduction out of a frame that has come in. */
  public Hello readHello(FrameKind kind) throws IOException {
    if (kind != FrameKind.HELLO) {
      throw unexpected(kind, "instead of " + FrameKind.HELLO);
    }
    Hello hello = Hello.read(in.body()).requireFrom(peer);
    helloReceived = true;
    return hello;
  }

  /**
   * Waits for a frame. A sign of life is none, and begins the wait anew; before HELLO there is none.
   *
   * @param patience how long the other side may be silent
   * @throws PeerFailedException if the other side says in it that it failed
   */
  public FrameKind await(Duration patience) throws IOException {
    FrameKind kind = next(patience);
    while (kind == FrameKind.ALIVE && helloReceived) {
      kind = next(patience);
    }
    return kind;
  }

  /** Waits for a frame, which may be a sign of life; else as {@link #await}. */
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

  /** Hears what the other side has to say where it has nothing to say but that it failed. */
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

  /** Returns why the connection broke, if the other side has told it, otherwise the failure itself. */
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
   * Reads on, and drops everything, until the other side closes the connection or the patience ends: a
   * connection closed with data unread would be reset, and the last words sent on it lost.
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
          .note("buffers are kept, for a device that does not answer is still given them: "
              + Exceptions.message(e));
    } catch (RuntimeException e) {
      tracker.note("buffers are kept: " + Exceptions.message(e));
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
