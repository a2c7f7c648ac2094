// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import io.vfio4j.model.DeviceState;
import java.util.ArrayList;
import java.util.List;

/**
 * The {@code device_state} field of version 1 of the migration interface, a set of bits.
 *
 * <p>
 * Source: the thread "vfio: Update/Clarify migration uAPI, add NDMA state" on the kvm mailing list, December
 * 2021 to January 2022. Version 2, a plain enumeration, is {@link DeviceState}.
 *
 * @param value the whole field, any u32: four known bits and 28 reserved ones
 */
public record DeviceStateV1(int value) {

  /** The device operates: interrupts, DMA, MMIO; its internal state advances. */
  public static final int RUNNING_BIT = 1;
  /** The data window is open for reading the device's state. */
  public static final int SAVING_BIT = 1 << 1;
  /** The data window is open for writing a saved state. */
  public static final int RESUMING_BIT = 1 << 2;
  /** The device starts no DMA, and DMA in flight has completed. It may still raise MSIs. */
  public static final int NDMA_BIT = 1 << 3;
  /** The bits that have a meaning; users preserve all others. */
  public static final int KNOWN_BITS = RUNNING_BIT | SAVING_BIT | RESUMING_BIT | NDMA_BIT;

  public static final DeviceStateV1 STOP = new DeviceStateV1(0);
  /** The state after opening and after a reset: exactly this value. */
  public static final DeviceStateV1 RUNNING = new DeviceStateV1(RUNNING_BIT);
  public static final DeviceStateV1 STOP_COPY = new DeviceStateV1(SAVING_BIT);
  public static final DeviceStateV1 PRE_COPY = new DeviceStateV1(SAVING_BIT | RUNNING_BIT);
  public static final DeviceStateV1 RESUMING = new DeviceStateV1(RESUMING_BIT);
  /** The device has failed: the only valid combination of SAVING and RESUMING. It cannot be requested. */
  public static final DeviceStateV1 ERROR = new DeviceStateV1(SAVING_BIT | RESUMING_BIT);
  public static final DeviceStateV1 RUNNING_NDMA = new DeviceStateV1(RUNNING_BIT | NDMA_BIT);
  public static final DeviceStateV1 PRE_COPY_NDMA = new DeviceStateV1(SAVING_BIT | RUNNING_BIT | NDMA_BIT);

  /** Returns the bits that have a meaning. */
  public int bits() {
    return value & KNOWN_BITS;
  }

  /** Returns the reserved bits. */
  public int reserved() {
    return value & ~KNOWN_BITS;
  }

  public boolean isRunning() {
    return (value & RUNNING_BIT) != 0;
  }

  public boolean isSaving() {
    return (value & SAVING_BIT) != 0 && !isError();
  }

  public boolean isResuming() {
    return (value & RESUMING_BIT) != 0 && !isError();
  }

  public boolean hasNdma() {
    return (value & NDMA_BIT) != 0;
  }

  /** Returns whether the device has failed, with any reserved bits. */
  public boolean isError() {
    return bits() == ERROR.value;
  }

  /**
   * Returns whether the value is valid: SAVING and RESUMING exclude each other, except in ERROR, and so do
   * RESUMING and RUNNING.
   */
  public boolean isValid() {
    return isError() || !isResuming() || (!isSaving() && !isRunning());
  }

  /**
   * Returns whether a user may write this value: any valid one except ERROR.
   *
   * @param ndma whether the device's region has the capability NDMA; without it, that bit must be clear
   */
  public boolean isWritable(boolean ndma) {
    return isValid() && !isError() && (ndma || !hasNdma());
  }

  /**
   * Returns the value to write to enter a state: the known bits of the target and the reserved bits of this
   * value, which was read.
   */
  public DeviceStateV1 with(DeviceStateV1 target) {
    return new DeviceStateV1(reserved() | target.bits());
  }

  /**
   * Returns the state without bits that have no effect: the reserved bits, and NDMA if the device does not
   * run.
   */
  public DeviceStateV1 effective() {
    return new DeviceStateV1(isRunning() ? bits() : bits() & ~NDMA_BIT);
  }

  /**
   * Parses a state: the name of a combination ({@code PRE_COPY}, {@code stop-copy}), optionally with {@code
   * +NDMA} or the {@code _P2P} of version 2; bits ({@code SAVING|RUNNING}, {@code SAVING|!RUNNING}); or a
   * number, decimal or {@code 0x}.
   *
   * @return the state, which may be invalid
   * @throws IllegalArgumentException if the text is malformed; the message lists the states
   */
  public static DeviceStateV1 parse(String text) {
    return StateParserV1.parse(text);
  }

  /** Returns the name, as in {@code PRE_COPY+NDMA}; the bits if the value is invalid. */
  @Override
  public String toString() {
    String name = isValid() ? combination() : String.join("|", bitNames());
    return reserved() == 0 ? name : "%s (reserved bits 0x%x)".formatted(name, reserved());
  }

  private String combination() {
    String plain = switch (bits() & ~NDMA_BIT) {
      case 0 -> "STOP";
      case RUNNING_BIT -> "RUNNING";
      case SAVING_BIT -> "STOP_COPY";
      case SAVING_BIT | RUNNING_BIT -> "PRE_COPY";
      case RESUMING_BIT -> "RESUMING";
      default -> "ERROR";
    };
    return hasNdma() ? plain + "+NDMA" : plain;
  }

  private List<String> bitNames() {
    List<String> names = new ArrayList<>();
    for (BitV1 bit : BitV1.values()) {
      if ((value & bit.mask()) != 0) {
        names.add(bit.name());
      }
    }
    return names;
  }
}
