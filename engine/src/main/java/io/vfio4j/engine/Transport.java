// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * An ordered stream of bytes in both directions between the two sides of a migration.
 *
 * <p>
 * One thread at a time sends and one receives, which may be two; {@link #hasInput} is the receiver's, {@link #hasRoom} the
 * sender's.
 * {@link #close} may come from another, and ends what they wait for.
 */
public interface Transport extends Closeable {

  /**
   * Sends all remaining bytes.
   *
   * @param data direct, so that nothing is copied through the heap; its position moves to its limit
   * @param stall how long the other side may take none of them
   * @throws StalledException if it took none for so long
   * @throws IOException if the other side closed its end, or the connection broke
   */
  void send(ByteBuffer data, Duration stall) throws IOException;

  /**
   * Receives what there is, at least one byte, waiting for it.
   *
   * @param into direct, with at least one byte of room; its position moves
   * @param stall how long to wait for the first byte
   * @return how many bytes came, or -1 at the end of the stream
   * @throws StalledException if none came in time
   * @throws IOException if the connection broke
   */
  int receive(ByteBuffer into, Duration stall) throws IOException;

  /**
   * Tells whether {@link #receive} would return at once.
   *
   * @throws IOException if the connection broke
   */
  boolean hasInput() throws IOException;

  /**
   * Tells whether {@link #send} of some bytes, no more than a frame without payload has, would return at once: having sent
   * them, or failed. It may say no while there is still a little room.
   *
   * @throws IOException if the connection was closed from this side
   */
  boolean hasRoom() throws IOException;

  /** Returns how a person would name the other side, as in {@code tcp:192.0.2.7:4711}. */
  String peer();

  /** Closes this end; the other end then reads the end of the stream. Closing twice is harmless. */
  @Override
  void close() throws IOException;
}
