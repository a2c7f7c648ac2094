// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A side's end of the connection: owns the transport and one buffer for each direction. */
final class Link implements AutoCloseable {

  /** Room for the payload of every frame but DATA. */
  private static final long SMALL = FrameKind.HELLO.maxLength();

  private static final long PAGE = 4096;

  private final Transport transport;
  private volatile Duration stall;
  private volatile boolean peerGivesSigns;
  private volatile long lastHeard = System.nanoTime();
  private boolean greeted;
  private final Narrator narrator;
  private final Side peer;
  private final Arena arena = Arena.ofShared(); // Devices may touch the buffers in threads of their own.
  private final FrameStream outgoing;
  private final FrameWriter out;
  private final FrameReader in;
  private final ByteBuffer alive;
  private final FrameHeader aliveHeader;
  private final List<Runnable> closers = new ArrayList<>(); // Of what compresses and decompresses.
  private Optional<Compression> compression = Optional.empty();

  /** Makes a link; of the two buffers, that for the direction of the data is the large one. */
  Link(Transport transport, Duration stall, Narrator narrator) {
    this.transport = transport;
    this.stall = stall;
    this.narrator = narrator;
    this.peer = narrator.side() == Side.SOURCE ? Side.TARGET : Side.SOURCE;
    boolean sends = narrator.side() == Side.SOURCE;
    this.outgoing = new FrameStream(transport, stall);
    this.out = new FrameWriter(outgoing, buffer(sends));
    this.in = new FrameReader(transport, buffer(!sends));
    this.alive = arena.allocate(FrameHeader.BYTES).asByteBuffer();
    this.aliveHeader = new FrameHeader(alive);
  }

  private MemorySegment buffer(boolean large) {
    return arena.allocate(FrameHeader.BYTES + (large ? FrameHeader.MAX_PAYLOAD : SMALL), PAGE);
  }

  FrameWriter out() {
    return out;
  }

  FrameReader in() {
    return in;
  }

  /** Returns a further writer to the same connection, for another thread, with the longest payload. */
  FrameWriter newWriter() {
    FrameWriter writer = new FrameWriter(outgoing, buffer(true));
    compression.ifPresent(how -> compress(writer, how));
    return writer;
  }

  /** Has all writers send bulk compressed, as the HELLO says; to be called before there is any. */
  void compressWith(Compression how) {
    compression = Optional.of(how);
    compress(out, how);
  }

  private void compress(FrameWriter writer, Compression how) {
    Compressor compressor = how.codec().newCompressor(how.level());
    closers.add(compressor::close);
    long room = how.codec().bound(FrameHeader.MAX_PAYLOAD);
    writer.compressWith(
        new CompressedFrame(compressor, arena.allocate(FrameHeader.BYTES + room, PAGE)));
  }

  /** Lets bulk come in compressed, as the HELLO says. */
  void decompressWith(Codec codec) {
    Decompressor decompressor = codec.newDecompressor();
    closers.add(decompressor::close);
    in.decompressWith(new CompressedPayload(decompressor, arena.allocate(FrameHeader.MAX_PAYLOAD, PAGE)));
  }

  /**
   * Adapts to what the other side is like, once its HELLO has been received.
   *
   * @param version what it speaks
   * @param times how long it may take
   */
  void adapt(StreamVersion version, MigrationTimeouts times) {
    peerGivesSigns = version.minor() >= Preamble.FIRST_MINOR_WITH_SIGNS_OF_LIFE;
    stall = peerGivesSigns ? times.silence() : times.mute();
    if (peerGivesSigns) {
      outgoing.outlastsCalls(times.room());
    }
  }

  /** Has signs of life sent also after END: this is the connection on which both sides go on to talk. */
  void talksOn() {
    outgoing.talksOn();
  }

  /** Tells whether the other side says that it is alive whatever it waits for, and reads that of this one. */
  boolean peerGivesSigns() {
    return peerGivesSigns;
  }

  /** Lets the other side know that somebody is there, if it has not heard anything for a while. */
  void keepAlive(Duration interval) throws IOException {
    outgoing.keepAlive(alive, aliveHeader, interval);
  }

  /** Checks that the other side has been heard lately, if it gives signs of life; after all has been read that is there. */
  void requireSignOfLife() throws StalledException {
    if (peerGivesSigns && System.nanoTime() - lastHeard > stall.toNanos()) {
      throw new StalledException(transport.peer(), "gave no sign of life", stall);
    }
  }

  /** Ends the connection, since nothing of use can be sent over it: who waits in a send gives up. */
  void callOff() {
    outgoing.callOff();
    closeTransport();
  }

  /** Returns how long the other side may be silent. */
  Duration stall() {
    return stall;
  }

  String peerName() {
    return transport.peer();
  }

  /** Returns whether the other side is in this process. */
  boolean isLocal() {
    return transport instanceof LocalTransport;
  }

  Hello receiveHello() throws IOException {
    return hello(await(stall));
  }

  /** Takes the introduction out of a frame that has come in. */
  Hello hello(FrameKind kind) throws IOException {
    if (kind != FrameKind.HELLO) {
      throw unexpected(kind, "instead of " + FrameKind.HELLO);
    }
    Hello hello = Hello.take(in.body()).from(peer);
    greeted = true;
    return hello;
  }

  /**
   * Waits for a frame. A sign of life is none, and begins the wait anew; before HELLO there is none.
   *
   * @param patience how long the other side may be silent
   * @throws PeerFailedException if the other side says in it that it failed
   */
  FrameKind await(Duration patience) throws IOException {
    FrameKind kind = next(patience);
    while (kind == FrameKind.ALIVE && greeted) {
      kind = next(patience);
    }
    return kind;
  }

  /** Waits for a frame, which may be a sign of life; else as {@link #await}. */
  FrameKind next(Duration patience) throws IOException {
    FrameKind kind = in.next(patience);
    lastHeard = System.nanoTime();
    if (kind.isBadNews()) {
      throw new PeerFailedException(peer, kind, in.text());
    }
    return kind;
  }

  /** Waits for a frame of one kind. */
  void expect(FrameKind wanted, Duration patience) throws IOException {
    FrameKind kind = await(patience);
    if (kind != wanted) {
      throw unexpected(kind, "instead of " + wanted);
    }
  }

  StreamException unexpected(FrameKind kind, String where) {
    return new StreamException("the %s sent %s %s".formatted(peer, kind, where));
  }

  /** Hears what the other side has to say where it has nothing to say but that it failed. */
  void hearComplaint(String where) throws IOException {
    while (hasInput()) {
      FrameKind kind = next(stall);
      if (kind != FrameKind.ALIVE) {
        throw unexpected(kind, where);
      }
    }
  }

  boolean hasInput() throws IOException {
    return transport.hasInput();
  }

  /** Returns why the connection broke, if the other side has told it, otherwise the failure itself. */
  Throwable explain(Throwable failure) {
    long end = System.nanoTime() + stall.toNanos();
    try {
      while (transport.hasInput() && System.nanoTime() - end < 0) {
        next(stall);
      }
      return failure;
    } catch (PeerFailedException e) {
      Suppression.keep(e, failure);
      return e;
    } catch (IOException e) {
      Suppression.keep(failure, e);
      return failure;
    }
  }

  /**
   * Reads on, and drops everything, until the other side closes the connection or the patience ends: a
   * connection closed with data unread would be reset, and the last words sent on it lost.
   */
  void drain() throws IOException {
    long end = System.nanoTime() + stall.toNanos(); // A transport waits in the time of the machine.
    ByteBuffer dropped = in.payload().asByteBuffer();
    boolean open = true;
    while (open && System.nanoTime() - end < 0) {
      open = transport.receive(dropped.clear(), stall) >= 0;
    }
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
      narrator
          .note("buffers are kept, for a device that does not answer is still given them: "
              + Suppression.message(e));
    } catch (RuntimeException e) {
      narrator.note("buffers are kept: " + Suppression.message(e));
    }
  }

  private void closeTransport() {
    try {
      transport.close();
    } catch (IOException | RuntimeException e) {
      narrator.note("the connection did not close: " + Suppression.message(e));
    }
  }
}
