// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.StateItem;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * MSI or MSI-X interrupts. As always with VFIO, SET_IRQS enables and masks vectors; the capability and the table are
 * storage for the driver (uapi/linux/vfio.h, {@code struct vfio_irq_set}).
 *
 * <p>
 * Interrupts signalled while the device is stopped are pending until it runs, here or at the target of a migration.
 */
@SuppressWarnings("exports") // StateItem is how the device core saves it, of no use to others.
public final class MessageInterrupts implements StateItem {

  private final DeviceInterrupts interrupts;
  private final String name;
  private final int index;
  private final int vectors;
  private final long[] pending;

  MessageInterrupts(DeviceInterrupts interrupts, String name, int index, int vectors) {
    this.interrupts = interrupts;
    this.name = name;
    this.index = index;
    this.vectors = vectors;
    this.pending = new long[(vectors + Long.SIZE - 1) / Long.SIZE];
  }

  /** Returns the number of vectors. */
  public int vectors() {
    return vectors;
  }

  int index() {
    return index;
  }

  /** Returns whether any vector is enabled, which disables INTx. */
  public boolean isEnabled() {
    return interrupts.isEnabled(index);
  }

  /**
   * Sends the message of a vector. It is dropped if the vector is not enabled.
   *
   * @param vector the number, from 0
   * @throws IndexOutOfBoundsException if there is no such vector
   */
  public void signal(int vector) {
    if (vector < 0 || vector >= vectors) {
      throw new IndexOutOfBoundsException("vector %d of %d".formatted(vector, vectors));
    }
    if (interrupts.isRunning()) {
      interrupts.trigger(index, vector);
    } else {
      pending[vector / Long.SIZE] |= 1L << vector;
    }
  }

  /** Returns the pending bits of vectors {@code 64 * word} to {@code 64 * word + 63}. */
  long pending(int word) {
    return word < pending.length ? pending[word] : 0;
  }

  /** Sends the pending messages. */
  void sendPending() {
    for (int word = 0; word < pending.length; word++) {
      for (long bits = pending[word]; bits != 0; bits &= bits - 1) {
        interrupts.trigger(index, word * Long.SIZE + Long.numberOfTrailingZeros(bits));
      }
      pending[word] = 0;
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int bytes() {
    return pending.length * Long.BYTES;
  }

  @Override
  public void save(ByteBuffer to) {
    for (long word : pending) {
      to.putLong(word);
    }
  }

  @Override
  public void load(ByteBuffer from) {
    for (int word = 0; word < pending.length; word++) {
      int left = vectors - word * Long.SIZE;
      pending[word] = from.getLong() & (left >= Long.SIZE ? -1 : (1L << left) - 1);
    }
  }

  @Override
  public void reset() {
    Arrays.fill(pending, 0);
  }
}
