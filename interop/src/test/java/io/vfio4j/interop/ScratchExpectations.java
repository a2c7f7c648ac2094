// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.devices.scratch.ScratchLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** What a guest must see of a scratch device, according to docs/scratch-device.md. */
final class ScratchExpectations {

  private static final int CONFIG_SIZE_SHOWN = 256;

  private ScratchExpectations() {
  }

  static void assertIdentity(GuestFunction function) throws Exception {
    assertThat(function.number("vendor")).isEqualTo(ScratchLayout.VENDOR_ID);
    assertThat(function.number("device")).isEqualTo(ScratchLayout.DEVICE_ID);
    assertThat(function.number("subsystem_vendor")).isEqualTo(ScratchLayout.VENDOR_ID);
    assertThat(function.number("subsystem_device")).isEqualTo(ScratchLayout.SUBSYSTEM_ID);
    assertThat(function.number("class")).isEqualTo(ScratchLayout.CLASS_CODE);
    assertThat(function.number("irq")).as("the IRQ of INTx").isPositive();
  }

  /**
   * Checks the BARs as the guest sized and placed them: one line each with first address, last address and flags.
   */
  static void assertBars(GuestFunction function, long memoryBarSize) throws Exception {
    List<String> resources = function.attribute("resource");
    long[] sizes = {ScratchLayout.SMALL_BAR_SIZE, 0, memoryBarSize, 0, ScratchLayout.SMALL_BAR_SIZE, 0, 0};
    for (int bar = 0; bar < sizes.length; bar++) {
      String[] words = resources.get(bar).split(" ", -1);
      long first = Long.decode(words[0]);
      long size = Long.decode(words[1]) - first + 1;
      if (sizes[bar] == 0) {
        assertThat(resources.get(bar)).as("BAR %d", bar).doesNotContainPattern("[1-9a-f]");
      } else {
        assertThat(size).as("bytes of BAR %d", bar).isEqualTo(sizes[bar]);
        assertThat(first % size).as("alignment of BAR %d to its size", bar).isZero();
      }
    }
    // IORESOURCE_MEM_64 and IORESOURCE_PREFETCH (include/linux/ioport.h).
    assertThat(Long.decode(resources.get(ScratchLayout.MEMORY_BAR).split(" ", -1)[2]) & 0x102000L)
        .isEqualTo(0x102000L);
  }

  static void assertConfig(GuestFunction function) throws Exception {
    ByteBuffer config = ByteBuffer.wrap(function.config()).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(config.capacity()).isEqualTo(CONFIG_SIZE_SHOWN);
    assertThat(config.getShort(0x00)).isEqualTo((short) ScratchLayout.VENDOR_ID);
    assertThat(config.getShort(0x02)).isEqualTo((short) ScratchLayout.DEVICE_ID);
    assertThat(config.getInt(0x08) >>> 8).isEqualTo(ScratchLayout.CLASS_CODE);
    assertThat(config.get(0x3d)).as("interrupt pin A").isEqualTo((byte) 1);
    int capability = config.get(0x34);
    assertThat(capability).isEqualTo(ScratchLayout.MSIX_CAPABILITY);
    assertThat(config.get(capability)).as("MSI-X").isEqualTo((byte) 0x11);
    assertThat(config.getShort(capability + 2) & 0x7ff).as("the number of the last vector")
        .isEqualTo(ScratchLayout.VECTORS - 1);
  }

  static void assertRegisters(GuestFunction function, long memorySize) throws Exception {
    assertThat(function.access(ScratchLayout.REGISTERS_BAR, "r 4 0 r 2 0 r 2 2 r 1 0 r 1 3 r 8 0 r 8 8"))
        .containsExactly(0x564a3453L, 0x3453L, 0x564aL, 0x53L, 0x56L, 0x1_564a_3453L, memorySize);
    // Written in full and in halves; writes of bytes and words are ignored.
    assertThat(function.access(ScratchLayout.REGISTERS_BAR,
        "w 8 0x10 0x8122334455667788 r 8 0x10 w 4 0x14 0x01020304 r 8 0x10 w 4 0x10 0x05060708 r 8 0x10 "
            + "w 1 0x10 0xff w 2 0x12 0xffff r 8 0x10 r 4 0x10 r 4 0x14 r 2 0x16 r 1 0x15"))
        .containsExactly(0x8122334455667788L, 0x0102030455667788L, 0x0102030405060708L, 0x0102030405060708L,
            0x05060708L, 0x01020304L, 0x0102L, 0x03L);
  }

  /** Writes a register that a reset clears. */
  static void mark(GuestFunction function) throws Exception {
    function.write(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, 8, 0x1234567);
    assertThat(function.read(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, 8)).isEqualTo(0x1234567);
  }

  static void assertUnmarked(GuestFunction function) throws Exception {
    assertThat(function.read(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, 8)).isZero();
  }

  /** Checks INTx through uio_pci_generic, which must be bound. */
  static void assertInterrupts(GuestFunction function) throws Exception {
    assertThat(ScratchInterrupts.raise(function, 50)).isPositive();
  }
}
