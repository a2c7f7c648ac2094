// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.idio16;

/** The wiring of the card's terminals, which determines its inputs. */
@FunctionalInterface
public interface Wiring {

  /** No wiring: no input is energized. */
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
   * Returns the energized inputs. Called by the device's thread, so this must not block.
   *
   * @param outputs the driven outputs, bit n for output n
   * @return bit n for input n; bits from 16 on are ignored
   */
  int inputs(int outputs);

  /** Returns whether inputs can change without a change of the outputs; the card then polls them every 5 ms. */
  default boolean needsPolling() {
    return true;
  }
}
