// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.Fd;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A client of an {@link InMemoryServer}, which calls all methods on its own thread. */
public interface InMemoryClient {

  /**
   * Bytes that a client sends in one call.
   *
   * @param bytes the bytes; empty for a pause, which the server sees as a receive timeout
   * @param fds the descriptors sent with the first byte; the server gets duplicates
   */
  record Piece(MemorySegment bytes, List<Fd> fds) {

    public Piece {
      fds = List.copyOf(fds);
    }
  }

  /**
   * Returns the next pieces, after the server has received all previous ones; none if the client has
   * disconnected. One read of the server returns several pieces, up to and including the first one with
   * descriptors, as with the kernel.
   */
  List<Piece> next();

  /**
   * Returns whether there are bytes to receive now. If not, the device does its due work, and the server
   * calls again.
   *
   * @param nanos how long the server would wait, 0 or more
   */
  boolean isReady(long nanos);

  /**
   * Receives a message of the server.
   *
   * @param head the first bytes
   * @param tail the bytes that follow
   * @param fds the descriptors sent with them; they stay the server's
   */
  void receive(MemorySegment head, MemorySegment tail, List<Fd> fds);
}
