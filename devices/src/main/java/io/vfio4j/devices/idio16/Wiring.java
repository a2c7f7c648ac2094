// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.idio16;

/** What the terminals of the card are wired to. */
@FunctionalInterface
public interface Wiring {

  /** Nothing: no input is energized. */
  Wiring OPEN = passive(0);

  /** Each output is wired to the input of the same number. */
  Wiring LOOPBACK = passive(-1);

  private static Wiring passive(int mask) {
    return new Wiring() {
      @Override
      public int inputs(int outputs) {
        return outputs & mask;
      }

      @Override
      public boolean needsPolling() {
        return false;
      }
    };
  }

  /**
   * Returns which inputs are energized, asked by the device's thread, which must not wait.
   *
   * @param outputs which outputs are driven, bit n for output n
   * @return bit n for input n; bits from 16 on do not matter
   */
  int inputs(int outputs);

  /** Tells whether inputs change though no output does. The card looks every 5 ms then. */
  default boolean needsPolling() {
    return true;
  }
}
