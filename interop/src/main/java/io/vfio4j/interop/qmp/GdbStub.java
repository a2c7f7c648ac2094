// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.qmp;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * QEMU's gdb stub, the only way to write to a stopped guest's physical addresses that needs no argument of QEMU. It is
 * started through the monitor and stopped when closed.
 */
final class GdbStub implements AutoCloseable {

  private static final String OK = "OK";

  private final QmpClient qmp;
  private final SocketChannel channel;
  private final InputStream input;

  private GdbStub(QmpClient qmp, SocketChannel channel) {
    this.qmp = qmp;
    this.channel = channel;
    input = Channels.newInputStream(channel);
  }

  /**
   * Starts the stub of a QEMU whose VM is stopped, and connects to it. (Connecting would stop a running VM.)
   *
   * @param socket the path of a UNIX socket, which QEMU creates
   */
  static GdbStub open(QmpClient qmp, Path socket) throws IOException {
    qmp.executeHuman("gdbserver unix:" + socket + ",server=on,wait=off");
    GdbStub stub = new GdbStub(qmp, SocketChannel.open(UnixDomainSocketAddress.of(socket)));
    try {
      stub.execute("Qqemu.PhyMemMode:1");
      return stub;
    } catch (IOException | RuntimeException e) {
      stub.close();
      throw e;
    }
  }

  /**
   * Writes to a physical address.
   *
   * @param data at most 1024 bytes
   */
  void write(long address, byte[] data) throws IOException {
    execute("M%x,%x:%s".formatted(address, data.length, HexFormat.of().formatHex(data)));
  }

  private void execute(String command) throws IOException {
    int sum = command.chars().sum() & 0xff;
    ByteBuffer packet = StandardCharsets.US_ASCII.encode("$%s#%02x".formatted(command, sum));
    while (packet.hasRemaining()) {
      channel.write(packet);
    }
    String reply = readPacket();
    if (!reply.equals(OK)) {
      throw new IOException("QEMU's gdb stub replied '%s' to %s".formatted(reply, command));
    }
  }

  /** Reads a packet and acknowledges it; acknowledgements of QEMU before it are skipped. */
  private String readPacket() throws IOException {
    StringBuilder text = new StringBuilder();
    skipTo('$');
    for (char next = next(); next != '#'; next = next()) {
      text.append(next);
    }
    // The checksum; a UNIX socket corrupts nothing.
    next();
    next();
    channel.write(ByteBuffer.wrap(new byte[] {'+'}));
    return text.toString();
  }

  private void skipTo(char wanted) throws IOException {
    while (next() != wanted) {
      // Skipped.
    }
  }

  private char next() throws IOException {
    int next = input.read();
    if (next < 0) {
      throw new EOFException("QEMU's gdb stub has closed the connection");
    }
    return (char) next;
  }

  @Override
  public void close() throws IOException {
    channel.close();
    qmp.executeHuman("gdbserver none");
  }
}
