// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** A proxy to another host that delays data, stalls, and can cut the connection. */
final class SlowProxy implements AutoCloseable {

  private static final int CHUNK_BYTES = 64 << 10;

  private final ServerSocket listener;
  private final InetSocketAddress to;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final AtomicLong transferred = new AtomicLong();
  private volatile Duration delay;
  private volatile long stallEvery = Long.MAX_VALUE;
  private volatile Duration stall = Duration.ZERO;
  private volatile boolean cut;

  /** Starts the proxy; the port of the destination may be set later. */
  SlowProxy(String address, String toAddress, int toPort, Duration delay) throws IOException {
    this.listener = new ServerSocket(0, 20, InetAddress.getByName(address));
    this.to = new InetSocketAddress(toAddress, toPort);
    this.delay = delay;
    start("accept", this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  /** Delays data from now on. */
  void delayBy(Duration time) {
    delay = time;
  }

  /** Stalls for a while each time this many bytes have passed. */
  void stallEvery(long bytes, Duration time) {
    stall = time;
    stallEvery = bytes;
  }

  /** Drops all data in transit and refuses further connections. */
  void cut() {
    cut = true;
    close();
  }

  private void accept() throws IOException {
    while (!cut) {
      Socket from = listener.accept();
      Socket onward = new Socket();
      sockets.addAll(List.of(from, onward));
      onward.connect(to);
      forward(from, onward);
      forward(onward, from);
    }
  }

  /** Bytes in transit and the time when they are due. */
  private static final class Chunk {

    /** The end of the stream. */
    static final Chunk LAST = new Chunk(new byte[0], 0);

    final byte[] bytes;
    final long due;

    Chunk(byte[] bytes, long due) {
      this.bytes = bytes;
      this.due = due;
    }
  }

  private void forward(Socket from, Socket into) {
    BlockingQueue<Chunk> onTheWay = new LinkedBlockingQueue<>(64);
    start("in", () -> {
      byte[] buffer = new byte[CHUNK_BYTES];
      for (int count = 0; count >= 0; count = from.getInputStream().read(buffer)) {
        onTheWay.put(new Chunk(Arrays.copyOf(buffer, count), System.nanoTime() + delay.toNanos()));
      }
      onTheWay.put(Chunk.LAST);
    });
    start("out", () -> {
      for (Chunk piece = onTheWay.take(); piece != Chunk.LAST; piece = onTheWay.take()) {
        sleepUntil(piece.due);
        stallIfDue(piece.bytes.length);
        if (cut) {
          return;
        }
        into.getOutputStream().write(piece.bytes);
      }
      into.shutdownOutput();
    });
  }

  private void stallIfDue(int count) {
    long before = transferred.getAndAdd(count);
    if (before / stallEvery != (before + count) / stallEvery) {
      sleepUntil(System.nanoTime() + stall.toNanos());
    }
  }

  private static void sleepUntil(long due) {
    for (long remaining = due - System.nanoTime(); remaining > 0; remaining = due - System.nanoTime()) {
      LockSupport.parkNanos(remaining);
    }
  }

  /** The work of a thread until a socket is closed. */
  private interface Work {
    void run() throws IOException, InterruptedException;
  }

  private static void start(String name, Work work) {
    Thread.ofPlatform().name("obstacle-" + name).daemon(true).start(() -> {
      try {
        work.run();
      } catch (IOException | InterruptedException e) {
        // The connection has ended, which its users notice.
      }
    });
  }

  @Override
  public void close() {
    try {
      listener.close();
      for (Socket socket : sockets) {
        socket.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
