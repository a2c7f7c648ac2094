// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * An ordered byte stream in both directions between the two sides of a migration.
 *
 * <p>
 * One thread at a time sends, and one receives; they may differ. {@link #hasInput} belongs to the receiver,
 * {@link #hasRoom} to the sender. Any thread may call {@link #close}, which ends their waits.
 */
public interface Transport extends Closeable {

  /**
   * Sends all remaining bytes.
   *
   * @param data a direct buffer, so that nothing is copied through the heap; its position moves to its limit
   * @param stall how long the other side may take no bytes
   * @throws StalledException if it took none for that long
   * @throws IOException if the other side closed its end, or the connection broke
   */
  void send(ByteBuffer data, Duration stall) throws IOException;

  /**
   * Receives the available bytes, and waits for at least one.
   *
   * @param into a direct buffer with room for at least one byte; its position moves
   * @param stall how long to wait for the first byte
   * @return the number of bytes, or -1 at the end of the stream
   * @throws StalledException if none arrived in time
   * @throws IOException if the connection broke
   */
  int receive(ByteBuffer into, Duration stall) throws IOException;

  /**
   * Returns whether {@link #receive} would return immediately.
   *
   * @throws IOException if the connection broke
   */
  boolean hasInput() throws IOException;

  /**
   * Returns whether {@link #send} of a frame without payload would return immediately, with success or
   * failure. May return false although there is still a little room.
   *
   * @throws IOException if this side closed the connection
   */
  boolean hasRoom() throws IOException;

  /** Returns the other side's name for output, as in {@code tcp:192.0.2.7:4711}. */
  String peer();

  /** Closes this end; the other end then reads the end of the stream. Closing twice has no effect. */
  @Override
  void close() throws IOException;
}
