// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

/**
 * A transition of version 1: a change of the device state by one write.
 *
 * @param from the state before; bits without effect are dropped ({@link DeviceStateV1#effective})
 * @param to the state after, likewise
 */
public record ArcV1(DeviceStateV1 from, DeviceStateV1 to) {

  /**
   * @throws IllegalArgumentException if a state is invalid or ERROR, or both are the same
   */
  public ArcV1 {
    from = from.effective();
    to = to.effective();
    if (!from.isWritable(true) || !to.isWritable(true) || from.equals(to)) {
      throw new IllegalArgumentException("no write leads from " + from + " to " + to);
    }
  }

  /**
   * Parses an arc, as in {@code STOP_COPY>RESUMING}; both states in the forms of {@link DeviceStateV1#parse}.
   *
   * @throws IllegalArgumentException if the text is malformed or there is no such arc
   */
  public static ArcV1 parse(String text) {
    String[] ends = text.split(">", -1);
    if (ends.length != 2) {
      throw new IllegalArgumentException("'%s' is not an arc; expected FROM>TO".formatted(text));
    }
    return new ArcV1(DeviceStateV1.parse(ends[0]), DeviceStateV1.parse(ends[1]));
  }

  /** Returns whether NDMA is set in either state. */
  public boolean needsNdma() {
    return from.hasNdma() || to.hasNdma();
  }

  /** Returns the arc as in {@code STOP_COPY > RESUMING}. */
  @Override
  public String toString() {
    return from + " > " + to;
  }
}
