// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * MSI or MSI-X interrupts. Who hears of a vector, and which are masked, SET_IRQS decides and not the device's
 * capability or table, since under VFIO these are the driver's (uapi/linux/vfio.h,
 * {@code struct vfio_irq_set}).
 *
 * <p>
 * What is signalled while the device is stopped is held back until it runs, here or at the target of a
 * migration.
 */
public final class MessageInterrupts implements StateItem {

  private final InterruptWires wires;
  private final String name;
  private final int index;
  private final int vectors;
  private final long[] held;

  MessageInterrupts(InterruptWires wires, String name, int index, int vectors) {
    this.wires = wires;
    this.name = name;
    this.index = index;
    this.vectors = vectors;
    this.held = new long[(vectors + Long.SIZE - 1) / Long.SIZE];
  }

  /** Returns how many vectors there are. */
  public int vectors() {
    return vectors;
  }

  int index() {
    return index;
  }

  /** Tells whether somebody listens to any vector: then INTx is off. */
  public boolean isEnabled() {
    return wires.isEnabled(index);
  }

  /**
   * Sends the message of a vector. It is dropped if nobody listens to it.
   *
   * @param vector from 0 on
   * @throws IndexOutOfBoundsException if there is no such vector
   */
  public void signal(int vector) {
    if (vector < 0 || vector >= vectors) {
      throw new IndexOutOfBoundsException("vector %d of %d".formatted(vector, vectors));
    }
    if (wires.isRunning()) {
      wires.trigger(index, vector);
    } else {
      held[vector / Long.SIZE] |= 1L << vector;
    }
  }

  /** Returns the vectors that are held back, 64 from a multiple of 64 on. */
  long held(int word) {
    return word < held.length ? held[word] : 0;
  }

  /** Sends what was held back. */
  void release() {
    for (int word = 0; word < held.length; word++) {
      for (long bits = held[word]; bits != 0; bits &= bits - 1) {
        wires.trigger(index, word * Long.SIZE + Long.numberOfTrailingZeros(bits));
      }
      held[word] = 0;
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int bytes() {
    return held.length * Long.BYTES;
  }

  @Override
  public void save(ByteBuffer to) {
    for (long word : held) {
      to.putLong(word);
    }
  }

  @Override
  public void load(ByteBuffer from) {
    for (int word = 0; word < held.length; word++) {
      int left = vectors - word * Long.SIZE;
      held[word] = from.getLong() & (left >= Long.SIZE ? -1 : (1L << left) - 1);
    }
  }

  @Override
  public void reset() {
    Arrays.fill(held, 0);
  }
}
