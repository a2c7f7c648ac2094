// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

/**
 * A change of the device state of version 1 by one write.
 *
 * @param from the state before; what means nothing is dropped ({@link DeviceStateV1#effective})
 * @param to the state after, likewise
 */
public record ArcV1(DeviceStateV1 from, DeviceStateV1 to) {

  /**
   * Checks the states.
   *
   * @throws IllegalArgumentException if one is invalid or ERROR, or both are the same
   */
  public ArcV1 {
    from = from.effective();
    to = to.effective();
    if (!from.isWritable(true) || !to.isWritable(true) || from.equals(to)) {
      throw new IllegalArgumentException("no write leads from " + from + " to " + to);
    }
  }

  /**
   * Reads an arc, as in {@code STOP_COPY>RESUMING}; both states as {@link DeviceStateV1#parse} reads them.
   *
   * @throws IllegalArgumentException if it cannot be understood or there is no such arc
   */
  public static ArcV1 parse(String text) {
    String[] ends = text.split(">", -1);
    if (ends.length != 2) {
      throw new IllegalArgumentException(text + " is no arc; one is written FROM>TO");
    }
    return new ArcV1(DeviceStateV1.parse(ends[0]), DeviceStateV1.parse(ends[1]));
  }

  /** Tells whether NDMA is set at either end. */
  public boolean needsNdma() {
    return from.hasNdma() || to.hasNdma();
  }

  /** Returns the arc as in {@code STOP_COPY > RESUMING}. */
  @Override
  public String toString() {
    return from + " > " + to;
  }
}
