// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** An end of a connection that sends and receives arbitrary bytes. */
public final class RawPeer implements AutoCloseable {

  public static final int COMMAND = 0;
  public static final int REPLY = 1;
  public static final int NO_REPLY = 0x10;
  public static final int ERROR = 0x21;

  public static final String CAPABILITIES =
      "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576}}";

  /** A received message. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  public record Message(int id, int command, long size, int flags, int errno, byte[] body) {

    public boolean isError() {
      return (flags & 0x20) != 0;
    }

    public ByteBuffer fields() {
      return MessageBytes.read(body);
    }

    /** Returns a reply to this command. */
    public byte[] reply(MessageBytes replyBody) {
      byte[] bytes = replyBody.toBytes();
      return header(id, command, Header.SIZE + bytes.length, REPLY, 0).bytes(bytes).toBytes();
    }

    /** Returns an error reply to this command. */
    public byte[] error(int number) {
      return header(id, command, Header.SIZE, ERROR, number).toBytes();
    }
  }

  private final UnixSocket socket;
  private final ReceivedFds fds = new ReceivedFds();
  private int nextId = 0x1000;

  public RawPeer(UnixSocket socket) throws LinuxException {
    this.socket = socket;
    socket.receiveTimeout(Duration.ofSeconds(60));
  }

  /** Returns the descriptors received so far. */
  public ReceivedFds fds() {
    return fds;
  }

  public UnixSocket socket() {
    return socket;
  }

  public static byte[] message(int id, Command command, int flags, int errno, byte[] body) {
    return header(id, command.wireValue(), Header.SIZE + body.length, flags, errno).bytes(body).toBytes();
  }

  public static byte[] command(int id, Command command, MessageBytes body) {
    return message(id, command, COMMAND, 0, body.toBytes());
  }

  public static MessageBytes header(int id, int command, int size, int flags, int errno) {
    return MessageBytes.empty().u16(id).u16(command).u32(size, flags, errno);
  }

  /** Sends bytes in one call. */
  public void send(byte[] bytes, Fd... withFds) throws LinuxException {
    try (Arena confined = Arena.ofConfined()) {
      socket.send(confined.allocateFrom(ValueLayout.JAVA_BYTE, bytes), MemorySegment.NULL, List.of(withFds));
    }
  }

  /** Sends a command and receives its reply. */
  public Message call(Command command, MessageBytes body, Fd... withFds) throws IOException {
    int id = nextId++;
    send(command(id, command, body), withFds);
    return reply(id, command);
  }

  public Message reply(int id, Command command) throws IOException {
    Message reply = receive();
    assertThat(reply.id()).isEqualTo(id);
    assertThat(reply.command()).isEqualTo(command.wireValue());
    assertThat(reply.flags() & 0xf).isEqualTo(REPLY);
    return reply;
  }

  /** Sends a command and checks that it succeeds. */
  public Message succeed(Command command, MessageBytes body, Fd... withFds) throws IOException {
    Message reply = call(command, body, withFds);
    assertThat(reply.errno()).isZero();
    assertThat(reply.isError()).isFalse();
    return reply;
  }

  /** Sends a command and checks that it is refused, with a reply without a body. */
  public void assertRefused(Errno errno, Command command, MessageBytes body, Fd... withFds)
      throws IOException {
    Message reply = call(command, body, withFds);
    assertThat(reply.isError()).as("%s is an error", reply).isTrue();
    assertThat(new Errno(reply.errno())).isEqualTo(errno);
    assertThat(reply.size()).isEqualTo(Header.SIZE);
  }

  public void negotiate() throws IOException {
    negotiate(CAPABILITIES);
  }

  public Message negotiate(String json) throws IOException {
    return succeed(Command.VERSION, MessageBytes.version(1, json));
  }

  public Message receive() throws IOException {
    ByteBuffer header = MessageBytes.read(bytes(Header.SIZE));
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
        int received = socket.receive(into.asSlice(done, count - done), fds);
        if (received <= 0) {
          throw new EOFException(received == 0 ? "end of stream" : "no data within the timeout");
        }
        done += received;
      }
      return into.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /** Checks that the peer has closed the connection without sending anything more. */
  public void assertEnd() throws LinuxException {
    try (Arena confined = Arena.ofConfined()) {
      assertThat(socket.receive(confined.allocate(1), fds)).as("end of stream").isZero();
    } catch (LinuxException e) {
      // The peer closed with unread data.
      assertThat(e.errno()).isEqualTo(Errno.ECONNRESET);
    }
  }

  /** Checks that there is no reply to what was sent: the next reply is to a new command. */
  public void assertNoReply() throws IOException {
    succeed(Command.DEVICE_GET_INFO, MessageBytes.empty().u32(16, 0, 0, 0));
  }

  /** Receives several messages. */
  public List<Message> receive(int count) throws IOException {
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
