// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.Errno;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** An end of a connection that sends and takes bytes as the test says, whatever the protocol says. */
final class RawPeer implements AutoCloseable {

  static final int COMMAND = 0;
  static final int REPLY = 1;
  static final int NO_REPLY = 0x10;
  static final int ERROR = 0x21;

  static final String CAPABILITIES = "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576}}";

  /** A message as it came. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  record Message(int id, int command, long size, int flags, int errno, byte[] body) {

    boolean isError() {
      return (flags & 0x20) != 0;
    }

    ByteBuffer fields() {
      return Body.read(body);
    }
  }

  private final UnixSocket socket;
  private final ReceivedFds fds = new ReceivedFds();
  private int nextId = 0x1000;

  RawPeer(UnixSocket socket) throws LinuxException {
    this.socket = socket;
    socket.receiveTimeout(Duration.ofSeconds(60));
  }

  /** Descriptors that came with the messages so far. */
  ReceivedFds fds() {
    return fds;
  }

  UnixSocket socket() {
    return socket;
  }

  static byte[] message(int id, Command command, int flags, int errno, byte[] body) {
    return header(id, command.wireValue(), Header.SIZE + body.length, flags, errno).bytes(body).toBytes();
  }

  static byte[] command(int id, Command command, Body body) {
    return message(id, command, COMMAND, 0, body.toBytes());
  }

  static Body header(int id, int command, int size, int flags, int errno) {
    return Body.empty().u16(id).u16(command).u32(size, flags, errno);
  }

  /** Sends bytes in one call. */
  void send(byte[] bytes, Fd... withFds) throws LinuxException {
    try (Arena confined = Arena.ofConfined()) {
      socket.send(confined.allocateFrom(ValueLayout.JAVA_BYTE, bytes), MemorySegment.NULL, List.of(withFds));
    }
  }

  /** Sends a command and takes what is answered to it. */
  Message call(Command command, Body body, Fd... withFds) throws IOException {
    int id = nextId++;
    send(command(id, command, body), withFds);
    return reply(id, command);
  }

  Message reply(int id, Command command) throws IOException {
    Message reply = receive();
    assertThat(reply.id()).isEqualTo(id);
    assertThat(reply.command()).isEqualTo(command.wireValue());
    assertThat(reply.flags() & 0xf).isEqualTo(REPLY);
    return reply;
  }

  /** Sends a command that succeeds. */
  Message done(Command command, Body body, Fd... withFds) throws IOException {
    Message reply = call(command, body, withFds);
    assertThat(reply.errno()).isZero();
    assertThat(reply.isError()).isFalse();
    return reply;
  }

  /** Sends a command that is refused. */
  void refused(Errno errno, Command command, Body body, Fd... withFds) throws IOException {
    Message reply = call(command, body, withFds);
    assertThat(reply.isError()).as("%s is an error", reply).isTrue();
    assertThat(new Errno(reply.errno())).isEqualTo(errno);
    assertThat(reply.size()).isEqualTo(Header.SIZE);
  }

  void negotiate() throws IOException {
    negotiate(CAPABILITIES);
  }

  Message negotiate(String json) throws IOException {
    return done(Command.VERSION, Body.version(1, json));
  }

  Message receive() throws IOException {
    ByteBuffer header = Body.read(bytes(Header.SIZE));
    int id = Short.toUnsignedInt(header.getShort());
    int command = Short.toUnsignedInt(header.getShort());
    long size = Integer.toUnsignedLong(header.getInt());
    int flags = header.getInt();
    int errno = header.getInt();
    return new Message(id, command, size, flags, errno, bytes((int) (size - Header.SIZE)));
  }

  private byte[] bytes(int count) throws IOException {
    try (Arena confined = Arena.ofConfined()) {
      MemorySegment into = confined.allocate(Math.max(1, count));
      for (int done = 0; done < count;) {
        int got = socket.receive(into.asSlice(done, count - done), fds);
        if (got <= 0) {
          throw new EOFException(got == 0 ? "end of stream" : "nothing came");
        }
        done += got;
      }
      return into.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /** Checks that the peer has closed the connection, with nothing more to say. */
  void assertEnd() throws LinuxException {
    try (Arena confined = Arena.ofConfined()) {
      assertThat(socket.receive(confined.allocate(1), fds)).as("end of stream").isZero();
    } catch (LinuxException e) {
      // What the peer had not read when it closed.
      assertThat(e.errno()).isEqualTo(Errno.ECONNRESET);
    }
  }

  /** Checks that nothing was answered to what was sent: the next answer is that to a new command. */
  void assertNothingCame() throws IOException {
    done(Command.DEVICE_GET_INFO, Body.empty().u32(16, 0, 0, 0));
  }

  /** All that is sent from now on goes out in order; a list for pipelining. */
  List<Message> receive(int count) throws IOException {
    List<Message> messages = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      messages.add(receive());
    }
    return messages;
  }

  @Override
  public void close() {
    fds.close();
    socket.close();
  }
}
