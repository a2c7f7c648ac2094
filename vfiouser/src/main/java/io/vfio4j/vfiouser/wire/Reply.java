// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.vfiouser.ProtocolException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The reply to a command, as a handler builds it. One object serves all replies of a connection. */
public final class Reply {

  /** Room for the header and the fields of any reply, bytes. */
  public static final int HEAD_SIZE = 8192;

  /** Most bytes of fields in a reply, and so of a request that is echoed. */
  public static final int MAX_FIELDS = HEAD_SIZE - Header.SIZE;

  private static final List<Fd> NO_FDS = List.of();

  private final SliceTable head;
  private final SliceTable data;
  private int size;
  private MemorySegment tail = MemorySegment.NULL;
  private List<Fd> fds = NO_FDS;

  /** Creates a reply for commands whose replies have fields only. */
  public Reply(SliceTable head) {
    this(head, new SliceTable(MemorySegment.NULL));
  }

  /**
   * Creates a reply.
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

  /** Sets the length of the fields, bytes. */
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

  /** Appends data to the fields, and returns the segment to write it to. */
  public MemorySegment data(int bytes) {
    tail = data.slice(0, bytes);
    return tail;
  }

  /** Returns a part of the data buffer as scratch memory; it is not sent. */
  public MemorySegment scratch(int bytes) {
    return data.slice(0, bytes);
  }

  /** Appends data to the fields; it is sent without a copy. */
  public Reply tail(MemorySegment data) {
    tail = data;
    return this;
  }

  public Reply fd(@Nullable Fd fd) {
    fds = fd == null ? NO_FDS : List.of(fd);
    return this;
  }

  /** Sets the descriptors to send; they stay the caller's. */
  public Reply fds(List<Fd> all) {
    fds = all;
    return this;
  }

  /** Returns the number of descriptors to send. */
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
   * Sends an error reply.
   *
   * @param reason the reason, for a client to which {@link Extension#REASONS} was granted; empty for none
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
