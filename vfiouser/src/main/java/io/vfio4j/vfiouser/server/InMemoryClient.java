// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.Fd;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A client of an {@link InMemoryServer}. All of its methods are called by the thread that serves it. */
public interface InMemoryClient {

  /**
   * Bytes that a client sends in one call.
   *
   * @param bytes the bytes; none for a client that lets time pass, which the server sees as nothing come in time
   * @param fds the descriptors that go with the first byte; the server gets duplicates
   */
  record Piece(MemorySegment bytes, List<Fd> fds) {

    /** Copies the list. */
    public Piece {
      fds = List.copyOf(fds);
    }
  }

  /**
   * Returns what the server can receive now, once all that came before is taken: one piece or more, or nothing if
   * the client has gone away. One read of the server takes several pieces, up to and including the first one with
   * descriptors, as the kernel does it.
   */
  List<Piece> next();

  /**
   * Tells whether something can be received now. Where it cannot, the device does what it has to do, and the
   * question comes again.
   *
   * @param nanos how long the server would wait for it, 0 or more
   */
  boolean isReady(long nanos);

  /**
   * Takes what the server sends in one call, always one message.
   *
   * @param head the first bytes
   * @param tail those that follow
   * @param fds descriptors that go with them, and stay the server's
   */
  void receive(MemorySegment head, MemorySegment tail, List<Fd> fds);
}
