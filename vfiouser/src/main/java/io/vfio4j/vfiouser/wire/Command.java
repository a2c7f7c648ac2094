// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.vfiouser.wire.Structs.ConnectionPart;
import io.vfio4j.vfiouser.wire.Structs.ConnectionToken;
import io.vfio4j.vfiouser.wire.Structs.ControlInfo;
import io.vfio4j.vfiouser.wire.Structs.DeviceInfo;
import io.vfio4j.vfiouser.wire.Structs.DmaAccess;
import io.vfio4j.vfiouser.wire.Structs.DmaMap;
import io.vfio4j.vfiouser.wire.Structs.DmaUnmap;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import io.vfio4j.vfiouser.wire.Structs.Handover;
import io.vfio4j.vfiouser.wire.Structs.HandoverInfo;
import io.vfio4j.vfiouser.wire.Structs.IoFds;
import io.vfio4j.vfiouser.wire.Structs.IrqInfo;
import io.vfio4j.vfiouser.wire.Structs.IrqSet;
import io.vfio4j.vfiouser.wire.Structs.MigData;
import io.vfio4j.vfiouser.wire.Structs.MigPrecopyInfo;
import io.vfio4j.vfiouser.wire.Structs.RegionAccess;
import io.vfio4j.vfiouser.wire.Structs.RegionInfo;
import io.vfio4j.vfiouser.wire.Structs.StateMemory;
import io.vfio4j.vfiouser.wire.Structs.WriteMulti;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The commands of the protocol, {@code enum vfio_user_command}: number, when a server executes it, and the
 * fields of its body. Everything about a command except its handler (package {@code command}) and its caller
 * (package {@code client}) is declared here.
 */
public enum Command {
  VERSION(1, Dispatch.HANDSHAKE, VersionMessage.LAYOUT),
  DMA_MAP(2, Dispatch.ALWAYS, DmaMap.LAYOUT),
  DMA_UNMAP(3, Dispatch.ALWAYS, DmaUnmap.LAYOUT),
  DEVICE_GET_INFO(4, Dispatch.ALWAYS, DeviceInfo.LAYOUT),
  DEVICE_GET_REGION_INFO(5, Dispatch.ALWAYS, RegionInfo.LAYOUT),
  DEVICE_GET_REGION_IO_FDS(6, Dispatch.ALWAYS, IoFds.LAYOUT),
  DEVICE_GET_IRQ_INFO(7, Dispatch.ALWAYS, IrqInfo.LAYOUT),
  DEVICE_SET_IRQS(8, Dispatch.ALWAYS, IrqSet.LAYOUT),
  REGION_READ(9, Dispatch.PCI_REGION, RegionAccess.LAYOUT),
  REGION_WRITE(10, Dispatch.PCI_REGION, RegionAccess.LAYOUT),
  DMA_READ(11, Dispatch.TO_CLIENT, DmaAccess.LAYOUT),
  DMA_WRITE(12, Dispatch.TO_CLIENT, DmaAccess.LAYOUT),
  DEVICE_RESET(13, Dispatch.DEFERRED, MessageLayout.of()),
  REGION_WRITE_MULTI(15, Dispatch.PCI_REGION, WriteMulti.LAYOUT),
  DEVICE_FEATURE(16, Dispatch.DEFERRED, Feature.LAYOUT),
  MIG_DATA_READ(17, Dispatch.DEFERRED, MigData.LAYOUT),
  MIG_DATA_WRITE(18, Dispatch.DEFERRED, MigData.LAYOUT),
  /** Sent by clients in development; the reference library does not know it. */
  MIG_GET_PRECOPY_INFO(19, Dispatch.DEFERRED, MigPrecopyInfo.LAYOUT),
  /** A vfio4j extension, on control sockets only, as are those that follow. */
  CONTROL_INFO(0xff10, Dispatch.CONTROL, ControlInfo.LAYOUT),
  CONNECTION_EXPORT(0xff11, Dispatch.CONTROL, ConnectionPart.LAYOUT),
  CONNECTION_IMPORT(0xff12, Dispatch.CONTROL, ConnectionPart.LAYOUT),
  CONNECTION_SURRENDER(0xff13, Dispatch.CONTROL, ConnectionToken.LAYOUT),
  CONNECTION_RELEASE(0xff14, Dispatch.CONTROL, ConnectionToken.LAYOUT),
  STATE_MEMORY_EXPORT(0xff16, Dispatch.CONTROL, StateMemory.LAYOUT),
  STATE_MEMORY_IMPORT(0xff17, Dispatch.CONTROL, StateMemory.LAYOUT),
  HANDOVER_INFO(0xff18, Dispatch.CONTROL, HandoverInfo.LAYOUT),
  HANDOVER(0xff19, Dispatch.CONTROL, Handover.LAYOUT);

  /** Commands by number, for the numbers that the specification assigns. */
  private static final @Nullable Command[] BY_WIRE = new Command[32];
  /** The commands with any other number. */
  private static final Command[] OTHERS =
      Arrays.stream(values()).filter(command -> command.wireValue >= BY_WIRE.length).toArray(Command[]::new);

  static {
    for (Command command : values()) {
      if (command.wireValue < BY_WIRE.length) {
        BY_WIRE[command.wireValue] = command;
      }
    }
  }

  private final int wireValue;
  private final Dispatch dispatch;
  @SuppressWarnings("ImmutableEnumChecker") // A list that is never changed, or a method without state.
  private final MessageLayout layout;

  /**
   * Declares a command.
   *
   * @param wireValue its number, a u16
   * @param dispatch when a server executes it
   * @param layout the fields of its body, for recordings and the log
   */
  Command(int wireValue, Dispatch dispatch, MessageLayout layout) {
    this.wireValue = wireValue;
    this.dispatch = dispatch;
    this.layout = layout;
  }

  public int wireValue() {
    return wireValue;
  }

  public Dispatch dispatch() {
    return dispatch;
  }

  public MessageLayout layout() {
    return layout;
  }

  /** Returns the command with a number from a peer, or null if there is none. */
  public static @Nullable Command fromWire(int value) {
    if (value >= 0 && value < BY_WIRE.length) {
      return BY_WIRE[value];
    }
    for (Command command : OTHERS) {
      if (command.wireValue == value) {
        return command;
      }
    }
    return null;
  }
}
