// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.vfiouser.ProtocolException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The answer to a command while it is made. One object serves all replies of a connection. */
public final class Reply {

  /** Bytes that are enough for the header and the fields of a server's answer to any command. */
  public static final int HEAD_SIZE = 8192;

  /** The most bytes of fields that an answer has, and so of a request that is repeated in it. */
  public static final int MAX_FIELDS = HEAD_SIZE - Header.SIZE;

  private static final List<Fd> NO_FDS = List.of();

  private final SliceTable head;
  private final SliceTable data;
  private int size;
  private MemorySegment tail = MemorySegment.NULL;
  private List<Fd> fds = NO_FDS;

  /** Makes a reply to commands whose answers have fields alone. */
  public Reply(SliceTable head) {
    this(head, new SliceTable(MemorySegment.NULL));
  }

  /**
   * Makes a reply.
   *
   * @param head room for the header and the fields
   * @param data room for the data that may follow them
   */
  public Reply(SliceTable head, SliceTable data) {
    this.head = head;
    this.data = data;
  }

  public void clear() {
    size = 0;
    tail = MemorySegment.NULL;
    fds = NO_FDS;
  }

  /** Sets the length of the part of the body that is written field by field. */
  public Reply size(int bytes) {
    size = bytes;
    return this;
  }

  Reply u16(int offset, int value) {
    head.segment().set(LittleEndian.U16, Header.SIZE + offset, (short) value);
    return this;
  }

  public Reply u32(int offset, int value) {
    head.segment().set(LittleEndian.U32, Header.SIZE + offset, value);
    return this;
  }

  public Reply u64(int offset, long value) {
    head.segment().set(LittleEndian.U64, Header.SIZE + offset, value);
    return this;
  }

  /** Echoes the first bytes of the request. */
  public Reply echo(Request request, int bytes) {
    MemorySegment.copy(request.body(), request.bodyOffset(), head.segment(), Header.SIZE, bytes);
    return size(bytes);
  }

  /** Lets so many bytes of data follow the fields, and returns where to put them. */
  public MemorySegment data(int bytes) {
    tail = data.slice(0, bytes);
    return tail;
  }

  /** Returns some of the room for data, for what is not sent. */
  public MemorySegment scratch(int bytes) {
    return data.slice(0, bytes);
  }

  /** Lets data follow the fields; it is sent from where it lies. */
  public Reply tail(MemorySegment data) {
    tail = data;
    return this;
  }

  public Reply fd(@Nullable Fd fd) {
    fds = fd == null ? NO_FDS : List.of(fd);
    return this;
  }

  /** Lets descriptors go with the reply; they stay their owner's. */
  public Reply fds(List<Fd> all) {
    fds = all;
    return this;
  }

  /** Tells how many descriptors go with it. */
  public int fdCount() {
    return fds.size();
  }

  public MemorySegment headSegment() {
    return head.segment();
  }

  public void send(MessageSender sender, Request request) throws LinuxException, ProtocolException {
    long messageSize = Header.SIZE + size + tail.byteSize();
    Header.write(head.segment(), request.id(), request.command(), messageSize, Header.TYPE_REPLY, 0);
    sender.send(head.slice(0, Header.SIZE + size), tail, fds);
  }

  public void sendError(MessageSender sender, Request request, int errno)
      throws LinuxException, ProtocolException {
    sendError(sender, request, errno, "");
  }

  /**
   * Answers with an error.
   *
   * @param reason why, for a client that takes reasons; empty for none
   */
  public void sendError(MessageSender sender, Request request, int errno, String reason)
      throws LinuxException, ProtocolException {
    int messageSize = Header.SIZE + ErrorReason.write(reason, head.segment(), Header.SIZE);
    Header.write(head.segment(), request.id(), request.command(), messageSize,
        Header.TYPE_REPLY | Header.ERROR,
        errno);
    sender.send(head.slice(0, messageSize), MemorySegment.NULL, NO_FDS);
  }
}
