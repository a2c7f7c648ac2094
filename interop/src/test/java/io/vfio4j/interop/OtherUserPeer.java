// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * A program for another user: one end of a UNIX socket, which prints what it receives until the other end is
 * closed. It uses only the JDK, because that user cannot read the build folders.
 */
final class OtherUserPeer {

  private static final String MAGIC = "VFIO4JMS";

  private OtherUserPeer() {
  }

  /** Arguments: {@code connect PATH} or {@code listen PATH}. */
  public static void main(String[] arguments) throws IOException {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(arguments[1]);
    if (arguments[0].equals("connect")) {
      try (SocketChannel socket = SocketChannel.open(address)) {
        receive(socket);
      } catch (IOException e) {
        printLine("not connected: " + e.getMessage());
      }
      return;
    }
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(address);
      printLine("listening");
      try (SocketChannel socket = server.accept()) {
        receive(socket);
      }
    }
  }

  private static void receive(SocketChannel socket) throws IOException {
    ByteBuffer received = ByteBuffer.allocate(MAGIC.length());
    while (received.hasRemaining() && socket.read(received) >= 0) {
      // Until the magic is complete or the stream ends.
    }
    received.flip();
    printLine(
        "received " + (received.hasRemaining() ? StandardCharsets.US_ASCII.decode(received) : "nothing"));
  }

  private static void printLine(String line) {
    System.out.println(line);
    System.out.flush();
  }
}
