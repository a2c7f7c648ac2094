// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;

/**
 * A proxy between the two ends of a TCP connection: forwards bytes in pieces of random length, through small buffers, and
 * may change a byte or cut the connection.
 */
final class ByteProxy implements AutoCloseable {

  /** Bytes. If it is less than a segment of the loopback device, TCP waits 200 ms for each segment. */
  private static final int SMALL_BUFFER = 64 << 10;

  /**
   * The faults in the bytes that the listening side sends.
   *
   * @param longestPiece the most bytes that are forwarded at once
   * @param changedAt the offset of the byte that is changed, or -1
   * @param cutAt the offset at which the connection ends, or -1
   */
  record Faults(int longestPiece, long changedAt, long cutAt) {

    static final Faults NONE = new Faults(1 << 16, -1, -1);

    static Faults pieces(int longest) {
      return new Faults(longest, -1, -1);
    }

    static Faults changes(long at) {
      return new Faults(1 << 16, at, -1);
    }

    static Faults cuts(long at) {
      return new Faults(1 << 16, -1, at);
    }
  }

  private final ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  private final TransportAddress.Tcp target;
  private final Faults faults;
  private final RandomGenerator random;
  private final CompletableFuture<Void> ended;
  private final CompletableFuture<Socket> connected = new CompletableFuture<>();

  ByteProxy(TransportAddress target, Faults faults, RandomGenerator random) throws IOException {
    this.target = (TransportAddress.Tcp) target;
    this.faults = faults;
    this.random = random;
    this.ended = CompletableFuture.runAsync(this::run, TransportPair.THREADS);
  }

  TransportAddress address() {
    return new TransportAddress.Tcp("localhost", listener.getLocalPort());
  }

  /** Ends the stream to the client between two records, like a killed process. */
  void endQuietly() throws IOException {
    connected.join().shutdownOutput();
  }

  private void run() {
    try (Socket client = listener.accept();
        Socket server = new Socket(InetAddress.getLoopbackAddress(), target.port())) {
      for (Socket socket : new Socket[] {client, server}) {
        socket.setTcpNoDelay(true);
        socket.setSendBufferSize(SMALL_BUFFER);
        socket.setReceiveBufferSize(SMALL_BUFFER);
      }
      connected.complete(client);
      long seed = random.nextLong();
      CompletableFuture<Void> forward = CompletableFuture
          .runAsync(() -> forward(client, server, Faults.pieces(faults.longestPiece), seed),
              TransportPair.THREADS);
      forward(server, client, faults, random.nextLong());
      forward.join();
    } catch (IOException e) {
      // No client connected, or the listener is closed: the test has ended.
    }
  }

  private static void forward(Socket from, Socket to, Faults faults, long seed) {
    RandomGenerator random = new Random(seed);
    byte[] piece = new byte[faults.longestPiece];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      long passed = 0;
      int count = in.read(piece, 0, 1 + random.nextInt(piece.length));
      while (count >= 0) {
        if (faults.changedAt >= passed && faults.changedAt < passed + count) {
          piece[(int) (faults.changedAt - passed)] ^= 0x10;
        }
        if (faults.cutAt >= 0 && passed + count > faults.cutAt) {
          out.write(piece, 0, (int) (faults.cutAt - passed));
          from.close();
          to.close();
          return;
        }
        out.write(piece, 0, count);
        passed += count;
        count = in.read(piece, 0, 1 + random.nextInt(piece.length));
      }
      to.shutdownOutput();
    } catch (IOException e) {
      // One end has closed: close the other.
      closeAfter(from, to);
    }
  }

  private static void closeAfter(Socket... sockets) {
    for (Socket socket : sockets) {
      try {
        socket.close();
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    ended.join();
  }
}
