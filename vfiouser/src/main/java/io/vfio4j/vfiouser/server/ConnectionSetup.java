// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.handover.ConnectionImage;
import io.vfio4j.vfiouser.handover.ConnectionRecord;
import io.vfio4j.vfiouser.handover.RecordKind;
import io.vfio4j.vfiouser.wire.DeferredMessage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;

/**
 * What a VMM has set up at its device, config space, mappings, interrupts and doorbells, as records of an image.
 *
 * @param memory allocates buffers
 */
record ConnectionSetup(DeviceContext context, VmmCommands commands, Arena memory) {

  /** Executes a command of the VMM, which stays the caller's, without a reply. */
  @FunctionalInterface
  interface Executor {
    void execute(DeferredMessage message) throws ErrnoException, LinuxException;
  }

  /** Appends the records, in the order in which they are restored. */
  void export(ConnectionImage.Builder image) throws ErrnoException {
    image.add(new ConnectionRecord(RecordKind.CONFIG_SPACE, readConfigSpace(), List.of()));
    new SetupMessages(context).export(image, commands.irqs());
    for (Map.Entry<Integer, List<Fd>> region : commands.doorbells().eventFds().entrySet()) {
      image.add(new ConnectionRecord(RecordKind.DOORBELLS, SetupMessages.number(region.getKey()),
          region.getValue()));
    }
    for (int region : commands.infos().mappedRegions()) {
      image.add(new ConnectionRecord(RecordKind.MAPPED_REGION, SetupMessages.number(region), List.of()));
    }
  }

  /**
   * Restores what the records describe. INTx fires at the end, if it is not masked and the level is high.
   *
   * @throws ErrnoException EINVAL if it does not fit the device, or others that prevent a mapping
   */
  void restore(List<ConnectionRecord> records, boolean isIntxMasked, Executor executor)
      throws ErrnoException, LinuxException {
    context.irqs().beginRestore();
    for (ConnectionRecord record : records) {
      switch (record.kind()) {
        case CONFIG_SPACE -> writeConfigSpace(record.body());
        case SETUP -> apply(record, executor);
        case DOORBELLS -> commands.doorbells().restore(SetupMessages.number(record.body()),
            SetupMessages.eventFds(record.fds()));
        case MAPPED_REGION -> commands.infos().restoreMapped(SetupMessages.number(record.body()));
        case CONNECTION, INPUT -> {
          // The first is the head, the others are the transport's.
        }
      }
    }
    context.irqs().setIntxMasked(isIntxMasked);
  }

  private static void apply(ConnectionRecord record, Executor executor)
      throws ErrnoException, LinuxException {
    SetupMessages.check(record);
    try (
        DeferredMessage message = DeferredMessage.of(record.body(), SetupMessages.duplicates(record.fds()))) {
      executor.execute(message);
    }
  }

  private MemorySegment readConfigSpace() throws ErrnoException {
    MemorySegment content = memory.allocate(configSpaceSize(), Long.BYTES);
    context.device().readRegion(DeviceDescription.CONFIG_REGION, 0, content);
    return content;
  }

  /** Writes what the VMM has written at another server: the device's read-only bits are its own. */
  private void writeConfigSpace(MemorySegment body) throws ErrnoException {
    if (body.byteSize() != configSpaceSize()) {
      throw new ErrnoException(Errno.EINVAL,
          "a config space of %d bytes, not %d".formatted(body.byteSize(), configSpaceSize()));
    }
    context.device().writeRegion(DeviceDescription.CONFIG_REGION, 0,
        memory.allocate(body.byteSize(), Long.BYTES).copyFrom(body));
  }

  private long configSpaceSize() {
    return context.device().description().regions().get(DeviceDescription.CONFIG_REGION).size();
  }
}
