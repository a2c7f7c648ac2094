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
 * A program that another user runs: it is at one end of a UNIX socket, and tells what it hears until the other end is
 * closed. It needs nothing but the JDK, since that user cannot read where a build keeps its files.
 */
final class OtherUserPeer {

  private static final String MAGIC = "VFIO4JMS";

  private OtherUserPeer() {
  }

  /** Takes {@code connect PATH} or {@code listen PATH}. */
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
    ByteBuffer heard = ByteBuffer.allocate(MAGIC.length());
    while (heard.hasRemaining() && socket.read(heard) >= 0) {
      // Until there is a magic, or nothing comes any more.
    }
    heard.flip();
    printLine("heard " + (heard.hasRemaining() ? StandardCharsets.US_ASCII.decode(heard) : "nothing"));
  }

  private static void printLine(String line) {
    System.out.println(line);
    System.out.flush();
  }
}
