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
 * Somebody between the two ends of a TCP connection: passes bytes on in pieces of any length, through buffers
 * that are small, and may change one of them, or cut the connection.
 */
final class ByteProxy implements AutoCloseable {

  /** Bytes; with less than a segment of the loopback device TCP waits a fifth of a second for each. */
  private static final int SMALL_BUFFER = 64 << 10;

  /**
   * What happens to the bytes that the listening side sends.
   *
   * @param longestPiece that is passed on at once
   * @param changedAt how many bytes go before the one that is changed, or -1
   * @param cutAt after how many bytes the connection ends, or -1
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

  private final ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  private final TransportAddress.Tcp target;
  private final Faults meddling;
  private final RandomGenerator random;
  private final CompletableFuture<Void> ended;
  private final CompletableFuture<Socket> connected = new CompletableFuture<>();

  ByteProxy(TransportAddress target, Faults meddling, RandomGenerator random) throws IOException {
    this.target = (TransportAddress.Tcp) target;
    this.meddling = meddling;
    this.random = random;
    this.ended = CompletableFuture.runAsync(this::run, TransportPair.THREADS);
  }

  TransportAddress address() {
    return new TransportAddress.Tcp("localhost", server.getLocalPort());
  }

  /** Ends what comes to who connected, between two records, as a process that is killed would. */
  void endQuietly() throws IOException {
    connected.join().shutdownOutput();
  }

  private void run() {
    try (Socket client = server.accept();
        Socket beyond = new Socket(InetAddress.getLoopbackAddress(), target.port())) {
      for (Socket socket : new Socket[] {client, beyond}) {
        socket.setTcpNoDelay(true);
        socket.setSendBufferSize(SMALL_BUFFER);
        socket.setReceiveBufferSize(SMALL_BUFFER);
      }
      connected.complete(client);
      long seed = random.nextLong();
      CompletableFuture<Void> forth = CompletableFuture
          .runAsync(() -> pass(client, beyond, Faults.pieces(meddling.longestPiece), seed),
              TransportPair.THREADS);
      pass(beyond, client, meddling, random.nextLong());
      forth.join();
    } catch (IOException e) {
      // Nobody connected, or the listener is gone: the test has ended.
    }
  }

  private static void pass(Socket from, Socket to, Faults meddling, long seed) {
    RandomGenerator random = new Random(seed);
    byte[] piece = new byte[meddling.longestPiece];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      long passed = 0;
      int count = in.read(piece, 0, 1 + random.nextInt(piece.length));
      while (count >= 0) {
        if (meddling.changedAt >= passed && meddling.changedAt < passed + count) {
          piece[(int) (meddling.changedAt - passed)] ^= 0x10;
        }
        if (meddling.cutAt >= 0 && passed + count > meddling.cutAt) {
          out.write(piece, 0, (int) (meddling.cutAt - passed));
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
      // An end has closed: so does the other.
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
    server.close();
    ended.join();
  }
}
