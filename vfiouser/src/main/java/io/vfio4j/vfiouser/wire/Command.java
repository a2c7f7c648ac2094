// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import org.jspecify.annotations.Nullable;

/** The commands of the protocol, {@code enum vfio_user_command}. */
public enum Command {
  VERSION(1),
  DMA_MAP(2),
  DMA_UNMAP(3),
  DEVICE_GET_INFO(4),
  DEVICE_GET_REGION_INFO(5),
  DEVICE_GET_REGION_IO_FDS(6),
  DEVICE_GET_IRQ_INFO(7),
  DEVICE_SET_IRQS(8),
  REGION_READ(9),
  REGION_WRITE(10),
  DMA_READ(11),
  DMA_WRITE(12),
  DEVICE_RESET(13),
  REGION_WRITE_MULTI(15),
  DEVICE_FEATURE(16),
  MIG_DATA_READ(17),
  MIG_DATA_WRITE(18),
  /** Of clients in development; the reference library does not know it. */
  MIG_GET_PRECOPY_INFO(19);

  private static final @Nullable Command[] BY_WIRE = new Command[20];

  static {
    for (Command command : values()) {
      BY_WIRE[command.wireValue] = command;
    }
  }

  private final int wireValue;

  Command(int wireValue) {
    this.wireValue = wireValue;
  }

  public int wireValue() {
    return wireValue;
  }

  /** Returns the command with a number that came from a peer, or null where there is none. */
  public static @Nullable Command fromWire(int value) {
    return value >= 0 && value < BY_WIRE.length ? BY_WIRE[value] : null;
  }
}
