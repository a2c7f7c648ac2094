// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.testing;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/** A proxy between the two sides of a migration that forwards frames until it is told to stall, cut or damage them. */
public final class FrameProxy implements AutoCloseable {

  private static final int HEADER = 16; // Of a frame; the preamble has the same length.
  private static final int LENGTH = 4;
  private static final int LONGEST = 1 << 20;

  private final ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
  private final Path socket;
  private final Path target;
  private final List<SocketChannel> channels = new CopyOnWriteArrayList<>();
  private final List<Thread> threads = new CopyOnWriteArrayList<>();
  private final AtomicBoolean damagesNext = new AtomicBoolean();
  private final CountDownLatch over = new CountDownLatch(1);
  private volatile boolean stalled;
  private volatile boolean cut;

  /**
   * Starts to listen.
   *
   * @param socket the path for the source to connect to
   * @param target the path where the target listens when the source has connected
   */
  public FrameProxy(Path socket, Path target) throws IOException {
    this.socket = socket;
    this.target = target;
    listener.bind(UnixDomainSocketAddress.of(socket));
    start("accept", this::accept);
  }

  Path socket() {
    return socket;
  }

  /** Cuts the connection, or the next one. */
  public void cut() throws IOException {
    cut = true;
    for (SocketChannel channel : channels) {
      channel.close();
    }
  }

  private SocketChannel keep(SocketChannel channel) throws IOException {
    channels.add(channel);
    if (cut) {
      channel.close();
    }
    return channel;
  }

  /** Stops forwarding in both directions, including the end of the stream. */
  public void stall() {
    stalled = true;
  }

  /** Flips a bit of the next frame of either side. */
  public void damageNext() {
    damagesNext.set(true);
  }

  private void accept() throws IOException {
    SocketChannel source = keep(listener.accept());
    SocketChannel onward = keep(SocketChannel.open(UnixDomainSocketAddress.of(target)));
    start("forth", () -> forward(source, onward));
    start("back", () -> forward(onward, source));
  }

  private void forward(SocketChannel from, SocketChannel to) throws IOException, InterruptedException {
    ByteBuffer frame = ByteBuffer.allocate(HEADER + LONGEST).order(ByteOrder.LITTLE_ENDIAN);
    boolean isPreamble = true;
    while (read(from, frame, HEADER)) {
      if (!isPreamble) {
        read(from, frame, HEADER + frame.getInt(LENGTH));
        damageIfRequested(frame);
      }
      isPreamble = false;
      if (stalled) {
        over.await();
        return;
      }
      frame.flip();
      while (frame.hasRemaining()) {
        to.write(frame);
      }
      frame.clear();
    }
    if (stalled) {
      over.await();
    }
    to.shutdownOutput();
  }

  /** Reads a number of bytes; returns false at the end of the stream. */
  private static boolean read(SocketChannel from, ByteBuffer into, int bytes) throws IOException {
    into.limit(bytes);
    while (into.hasRemaining()) {
      if (from.read(into) < 0) {
        return false;
      }
    }
    return true;
  }

  private void damageIfRequested(ByteBuffer frame) {
    if (damagesNext.compareAndSet(true, false)) {
      int last = frame.position() - 1;
      frame.put(last, (byte) (frame.get(last) ^ 0x10));
    }
  }

  /** The work of a thread until a channel is closed. */
  private interface Work {
    void run() throws IOException, InterruptedException;
  }

  private void start(String name, Work work) {
    threads.add(Thread.ofPlatform().name("frame-proxy-" + name).daemon().start(() -> {
      try {
        work.run();
      } catch (IOException | InterruptedException e) {
        cutAfter(e);
      }
    }));
  }

  /** Closes both channels after one was closed. */
  private void cutAfter(Exception cause) {
    try {
      cut();
    } catch (IOException e) {
      e.addSuppressed(cause);
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    over.countDown();
    cut();
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
