// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The answer to a command while it is made. One object serves all replies of a connection. */
final class Reply {

  /** Bytes that are enough for the header and the fields of a server's answer to any command. */
  static final int HEAD_SIZE = 8192;

  /** The most bytes of fields that an answer has, and so of a request that is repeated in it. */
  static final int MAX_FIELDS = HEAD_SIZE - Header.SIZE;

  private static final List<Fd> NO_FDS = List.of();

  private final SegmentSlices head;
  private final SegmentSlices data;
  private int size;
  private MemorySegment tail = MemorySegment.NULL;
  private List<Fd> fds = NO_FDS;

  /** Makes a reply to commands whose answers have fields alone. */
  Reply(SegmentSlices head) {
    this(head, new SegmentSlices(MemorySegment.NULL));
  }

  /**
   * Makes a reply.
   *
   * @param head room for the header and the fields
   * @param data room for the data that may follow them
   */
  Reply(SegmentSlices head, SegmentSlices data) {
    this.head = head;
    this.data = data;
  }

  void clear() {
    size = 0;
    tail = MemorySegment.NULL;
    fds = NO_FDS;
  }

  /** Sets the length of the part of the body that is written field by field. */
  Reply size(int bytes) {
    size = bytes;
    return this;
  }

  Reply u16(int offset, int value) {
    head.segment().set(Wire.U16, Header.SIZE + offset, (short) value);
    return this;
  }

  Reply u32(int offset, int value) {
    head.segment().set(Wire.U32, Header.SIZE + offset, value);
    return this;
  }

  Reply u64(int offset, long value) {
    head.segment().set(Wire.U64, Header.SIZE + offset, value);
    return this;
  }

  /** Echoes the first bytes of the request. */
  Reply echo(Request request, int bytes) {
    MemorySegment.copy(request.body(), request.at(), head.segment(), Header.SIZE, bytes);
    return size(bytes);
  }

  /** Lets so many bytes of data follow the fields, and returns where to put them. */
  MemorySegment data(int bytes) {
    tail = data.slice(0, bytes);
    return tail;
  }

  /** Returns some of the room for data, for what is not sent. */
  MemorySegment scratch(int bytes) {
    return data.slice(0, bytes);
  }

  /** Lets data follow the fields; it is sent from where it lies. */
  Reply tail(MemorySegment data) {
    tail = data;
    return this;
  }

  Reply fd(@Nullable Fd fd) {
    fds = fd == null ? NO_FDS : List.of(fd);
    return this;
  }

  /** Lets descriptors go with the reply; they stay their owner's. */
  Reply fds(List<Fd> all) {
    fds = all;
    return this;
  }

  /** Tells how many descriptors go with it. */
  int fdCount() {
    return fds.size();
  }

  MemorySegment headSegment() {
    return head.segment();
  }

  void send(MessageSender sender, Request request) throws LinuxException, ProtocolException {
    long messageSize = Header.SIZE + size + tail.byteSize();
    Header.write(head.segment(), request.id(), request.command(), messageSize, Header.TYPE_REPLY, 0);
    sender.send(head.slice(0, Header.SIZE + size), tail, fds);
  }

  void sendError(MessageSender sender, Request request, int errno) throws LinuxException, ProtocolException {
    sendError(sender, request, errno, "");
  }

  /**
   * Answers with an error.
   *
   * @param reason why, for a client that takes reasons; empty for none
   */
  void sendError(MessageSender sender, Request request, int errno, String reason)
      throws LinuxException, ProtocolException {
    int messageSize = Header.SIZE + RefusalReason.write(reason, head.segment(), Header.SIZE);
    Header.write(head.segment(), request.id(), request.command(), messageSize,
        Header.TYPE_REPLY | Header.ERROR,
        errno);
    sender.send(head.slice(0, messageSize), MemorySegment.NULL, NO_FDS);
  }
}
