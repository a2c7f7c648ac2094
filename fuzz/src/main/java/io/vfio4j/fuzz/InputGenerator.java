// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.model.DeviceState;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Generates inputs of a client that knows the protocol and the device; deterministic for a random generator.
 */
final class InputGenerator {

  private static final String[] CAPABILITIES = {"",
      "{\"capabilities\":{}}",
      "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576}}",
      "{\"capabilities\":{\"migration\":{\"pgsize\":4096,\"max_bitmap_size\":256},\"max_msg_fds\":8,"
          + "\"max_data_xfer_size\":1048576,\"pgsizes\":4096,\"max_dma_maps\":65535,\"write_multiple\":true}}",
      "{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":65536,\"max_dma_maps\":100,\"migration\":"
          + "{\"max_bitmap_size\":1024},\"vfio4j\":{\"precopy_info\":true,\"keep_state\":false,"
          + "\"memory_kinds\":true}}}",
      "{\"capabilities\":{\"max_msg_fds\":8,\"twin_socket\":{\"supported\":true}}}",
      "{\"capabilities\":{\"max_data_xfer_size\":64,\"vfio4j\":{\"precopy_info\":true,\"keep_state\":true}}}"};

  private static final int[] IRQ_FLAGS = {0x21, 0x22, 0x24, 0x09, 0x11, 0x0a, 0x12, 0x14};
  private static final long SLOT = 1 << 20;
  private static final int SLOTS = 4;
  private static final int MAX_STEPS = 12;
  private static final int REGIONS = 9;
  private static final int IRQS = 5;

  private final RandomGenerator random;
  private final List<Op> ops = new ArrayList<>();

  private InputGenerator(RandomGenerator random) {
    this.random = random;
  }

  /** Returns an input. */
  static FuzzInput generate(RandomGenerator random) {
    InputGenerator generator = new InputGenerator(random);
    generator.run();
    return new FuzzInput(random.nextInt(4) == 0 ? random.nextInt(32) : 0, generator.ops);
  }

  private void run() {
    ops.add(ClientMessages.version(random.nextInt(3), CAPABILITIES[random.nextInt(CAPABILITIES.length)]));
    int steps = 1 + random.nextInt(MAX_STEPS);
    for (int i = 0; i < steps; i++) {
      switch (random.nextInt(12)) {
        case 0, 1 -> map();
        case 2 -> unmap();
        case 3 -> queryInfo();
        case 4 -> setIrqs();
        case 5, 6 -> accessRegion();
        case 7 -> startDma();
        case 8 -> startTraffic();
        case 9 -> setState();
        case 10 -> migrate();
        default -> logDirtyPages();
      }
    }
  }

  private long slot() {
    return random.nextInt(SLOTS) * SLOT;
  }

  private void map() {
    int flags = 1 + random.nextInt(3);
    switch (random.nextInt(4)) {
      case 0 -> ops.add(ClientMessages.map(flags, 0, slot(), FdPool.MEMORY_SIZE, 0));
      case 1 -> ops.add(ClientMessages.map(flags, 4096, slot(), 8192, FdPool.spec(FdPool.SEALED_MEMORY)));
      case 2 -> ops.add(ClientMessages.map(flags | 4, 0, slot(), 1L << 30, FdPool.spec(FdPool.HUGE_MEMORY)));
      default ->
        ops.add(ClientMessages.map(flags, 0, slot(), FdPool.MEMORY_SIZE, FdPool.spec(FdPool.MEMORY)));
    }
  }

  private void unmap() {
    switch (random.nextInt(3)) {
      case 0 -> ops.add(ClientMessages.unmap(2, 0, 0));
      case 1 -> ops.add(ClientMessages.unmapWithBitmap(slot(), FdPool.MEMORY_SIZE));
      default -> ops.add(ClientMessages.unmap(0, slot(), FdPool.MEMORY_SIZE));
    }
  }

  private void queryInfo() {
    ops.add(ClientMessages.info(WireMessage.DEVICE_GET_INFO, 0));
    ops.add(ClientMessages.info(WireMessage.DEVICE_GET_REGION_INFO, random.nextInt(REGIONS)));
    ops.add(ClientMessages.info(WireMessage.DEVICE_GET_IRQ_INFO, random.nextInt(IRQS)));
    ops.add(ClientMessages.info(WireMessage.DEVICE_GET_REGION_IO_FDS, random.nextInt(REGIONS)));
  }

  private void setIrqs() {
    int flags = IRQ_FLAGS[random.nextInt(IRQ_FLAGS.length)];
    int index = random.nextInt(3);
    int count = index == 2 ? 1 + random.nextInt(ScratchLayout.VECTORS) : 1;
    boolean withFds = (flags & 4) != 0 && random.nextInt(4) > 0;
    ops.add(
        ClientMessages.setIrqs(flags, index, 0, count, withFds ? FdPool.spec(FdPool.EVENT) - 1 + count : 0));
  }

  private void accessRegion() {
    int region = random.nextInt(REGIONS);
    long offset = random.nextInt(0x400) * 4L;
    switch (random.nextInt(6)) {
      case 0 -> ops.add(ClientMessages.read(ScratchLayout.MEMORY_BAR, 0, 1 << random.nextInt(17)));
      case 1 -> ops.add(ClientMessages.read(7, 0, ScratchLayout.CONFIG_SIZE));
      case 2 -> ops.add(ClientMessages.write64(region, offset, random.nextLong()));
      case 3 -> ops.add(ClientMessages.writeMulti(offset, region, 1, 2, 3));
      case 4 -> ops.add(ClientMessages.write32(7, 4, 7));
      default -> ops.add(ClientMessages.read(region, offset, 1 << random.nextInt(4)));
    }
  }

  private void startDma() {
    ops.add(ClientMessages.write32(7, 4, 6));
    ops.add(ClientMessages.writeRegister64(ScratchLayout.DMA_IOVA, slot()));
    ops.add(ClientMessages.writeRegister64(ScratchLayout.DMA_OFFSET, random.nextInt(4) * 4096L));
    ops.add(ClientMessages.writeRegister64(ScratchLayout.DMA_LENGTH, 1 + random.nextInt(FdPool.MEMORY_SIZE)));
    if (random.nextInt(3) == 0) {
      ops.add(new Op.ReplyMode(random.nextInt(DmaReplyMode.COUNT)));
    }
    ops.add(
        ClientMessages.writeRegister32(ScratchLayout.COMMAND,
            1 + random.nextInt(2) | ScratchLayout.COMMAND_INTERRUPT));
    ops.add(new Op.Idle(random.nextInt(8)));
    ops.add(ClientMessages.read(ScratchLayout.REGISTERS_BAR, ScratchLayout.STATUS, 8));
  }

  private void startTraffic() {
    ops.add(ClientMessages.write32(7, 4, 6));
    ops.add(ClientMessages.writeRegister64(ScratchLayout.TRAFFIC_IOVA, slot()));
    ops.add(ClientMessages.writeRegister32(ScratchLayout.TRAFFIC_SLOTS, 1 + random.nextInt(64)));
    ops.add(ClientMessages.writeRegister32(ScratchLayout.TRAFFIC_RATE, 1000 << random.nextInt(10)));
    ops.add(ClientMessages.writeRegister32(ScratchLayout.CHURN_RATE, 1000 << random.nextInt(10)));
    ops.add(ClientMessages.writeRegister64(ScratchLayout.TIMER, 1 + random.nextInt(1000)));
    ops.add(new Op.Advance(1 << random.nextInt(20)));
    ops.add(new Op.Idle(random.nextInt(20)));
    ops.add(ClientMessages.info(WireMessage.DEVICE_GET_INFO, 0));
  }

  private void setState() {
    ops.add(ClientMessages.setState(random.nextInt(DeviceState.values().length)));
    if (random.nextInt(3) == 0) {
      ops.add(ClientMessages.feature(2 | ClientMessages.GET, 0));
    }
    if (random.nextInt(8) == 0) {
      ops.add(ClientMessages.reset());
    }
  }

  /** Saves the state and loads it again, possibly damaged. */
  private void migrate() {
    ops.add(ClientMessages.feature(1 | ClientMessages.GET, 0));
    if (random.nextBoolean()) {
      ops.add(ClientMessages.setState(DeviceState.PRE_COPY.wireValue()));
      ops.add(random.nextBoolean() ? ClientMessages.feature(0xff00 | ClientMessages.GET, 0, 0, 0)
          : ClientMessages.preCopyInfo());
      ops.add(ClientMessages.readState(1 << random.nextInt(17)));
    }
    ops.add(ClientMessages.setState(DeviceState.STOP_COPY.wireValue()));
    ops.add(ClientMessages.feature(9 | ClientMessages.GET, 0));
    int reads = 1 + random.nextInt(3);
    for (int i = 0; i < reads; i++) {
      ops.add(ClientMessages.readState(1 << 17 >>> random.nextInt(6)));
    }
    ops.add(ClientMessages.setState(DeviceState.STOP.wireValue()));
    ops.add(ClientMessages.setState(DeviceState.RESUMING.wireValue()));
    boolean isDamaged = random.nextInt(3) > 0;
    ops.add(new Op.Echo(random.nextInt(0x10000), isDamaged ? 1 << random.nextInt(8) : 0,
        random.nextInt(3) == 0 ? random.nextInt(1 << 16) : Integer.MAX_VALUE));
    ops.add(ClientMessages.setState(DeviceState.STOP.wireValue()));
    ops.add(ClientMessages.setState(DeviceState.RUNNING.wireValue()));
  }

  private void logDirtyPages() {
    long page = 4096L << random.nextInt(3);
    ops.add(ClientMessages.startLogging(page, slot(), SLOT, 8 * SLOT, SLOT));
    ops.add(ClientMessages.writeRegister64(ScratchLayout.MARK_DIRTY, random.nextInt(FdPool.MEMORY_SIZE)));
    ops.add(ClientMessages.report(slot(), SLOT >>> random.nextInt(8), page));
    if (random.nextBoolean()) {
      ops.add(ClientMessages.feature(7 | ClientMessages.SET));
    }
  }
}
