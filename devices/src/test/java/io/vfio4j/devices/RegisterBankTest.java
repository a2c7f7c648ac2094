// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RegisterBankTest {

  private static final int SIZE = 128;

  /** Random registers, and a model of them as bytes with masks. */
  private static final class BankModel {
    final Declarations device =
        new Declarations("test", PciIds.of(1, 2), DeviceSetup.named("test"));
    final RegisterBank bank = new RegisterBank(device.context(), device, "BANK", SIZE);
    final byte[] bytes = new byte[SIZE];
    final byte[] writable = new byte[SIZE];
    final byte[] cleared = new byte[SIZE];
    /** Start and end of the register at each byte; both 0 in gaps. */
    final int[] begin = new int[SIZE];
    final int[] end = new int[SIZE];

    BankModel(Random random) {
      for (int offset = 0; offset < SIZE;) {
        int width = 1 << random.nextInt(4);
        if (offset % width != 0) {
          offset++;
        } else if (random.nextInt(4) == 0) {
          offset += width;
        } else {
          declare(random, offset, width);
          offset += width;
        }
      }
    }

    private void declare(Random random, int offset, int width) {
      long initial = random.nextLong();
      long mask = random.nextBoolean() ? -1 : random.nextLong();
      long ones = random.nextInt(3) == 0 ? random.nextLong() : 0;
      bank.register("R" + offset, offset, width).resetsTo(initial).writable(mask).writeOneToClear(ones);
      for (int i = 0; i < width; i++) {
        bytes[offset + i] = (byte) (initial >>> (8 * i));
        writable[offset + i] = (byte) ((mask & ~ones) >>> (8 * i));
        cleared[offset + i] = (byte) (ones >>> (8 * i));
        begin[offset + i] = offset;
        end[offset + i] = offset + width;
      }
    }

    /** Writes to the model, unless a register is covered only partly (other than half of 64 bits). */
    void write(int offset, byte[] data) {
      for (int at = offset; at < offset + data.length; at++) {
        if (end[at] == 0) {
          continue;
        }
        int from = Math.max(begin[at], offset);
        int to = Math.min(end[at], offset + data.length);
        boolean whole = to - from == end[at] - begin[at];
        boolean halves = end[at] - begin[at] == 8 && from % 4 == 0 && to % 4 == 0;
        if (!whole && !halves) {
          return;
        }
      }
      for (int i = 0; i < data.length; i++) {
        int at = offset + i;
        bytes[at] =
            (byte) (((bytes[at] & ~writable[at]) | (data[i] & writable[at])) & ~(data[i] & cleared[at]));
      }
    }
  }

  @Test
  void matchesByteModel() {
    RandomSeeds.each(300, random -> {
      BankModel bank = new BankModel(random);
      for (int access = 0; access < 50; access++) {
        int offset = random.nextInt(SIZE);
        byte[] data = new byte[1 + random.nextInt(Math.min(24, SIZE - offset))];
        random.nextBytes(data);
        bank.bank.write(offset, DeviceFixture.segment(data));
        bank.write(offset, data);
        byte[] read = new byte[SIZE];
        int from = random.nextInt(SIZE);
        int length = 1 + random.nextInt(SIZE - from);
        var into = DeviceFixture.segment(new byte[length]).fill((byte) 0x77);
        bank.bank.read(from, into);
        into.asByteBuffer().get(read, 0, length);
        assertThat(Arrays.copyOf(read, length))
            .isEqualTo(Arrays.copyOfRange(bank.bytes, from, from + length));
      }
    });
  }

  private static RegisterBank bank(List<String> log) {
    Declarations device =
        new Declarations("test", PciIds.of(1, 2), DeviceSetup.named("test").withLog(log::add));
    return new RegisterBank(device.context(), device, "BANK", SIZE);
  }

  @Test
  void triggersEffectOnWholeOrHighHalf() {
    List<Long> effects = new ArrayList<>();
    RegisterBank bank = bank(new ArrayList<>());
    bank.register64("R", 8).onWrite(effects::add);

    bank.write(8, DeviceFixture.segment(new byte[] {1, 0, 0, 0}));
    assertThat(effects).isEmpty();
    bank.write(12, DeviceFixture.segment(new byte[] {2, 0, 0, 0}));
    bank.write(8, DeviceFixture.segment(new byte[] {3, 0, 0, 0, 4, 0, 0, 0}));

    assertThat(effects).containsExactly(0x2_0000_0001L, 0x4_0000_0003L);
  }

  @Test
  void passesWrittenValueToEffect() {
    List<Long> effects = new ArrayList<>();
    RegisterBank bank = bank(new ArrayList<>());
    Register narrow = bank.register16("N", 0).resetsTo(0xff00).writable(0xf).onWrite(effects::add);
    bank.register32("W", 4).onWrite(effects::add);

    bank.write(0, DeviceFixture.segment(new byte[] {-1, -1}));
    bank.write(4, DeviceFixture.segment(new byte[] {-1, -1, -1, -1}));

    assertThat(effects).containsExactly(0xffffL, 0xffff_ffffL);
    assertThat(narrow.value()).isEqualTo(0xff0f);
  }

  @Test
  void triggersReadEffectOncePerRead() {
    int[] reads = new int[1];
    RegisterBank bank = bank(new ArrayList<>());
    bank.register32("R", 0).onRead(() -> reads[0]++).computed(() -> reads[0]);

    var into = DeviceFixture.segment(new byte[4]);
    bank.read(0, into);
    assertThat(into.get(ValueLayout.JAVA_INT_UNALIGNED, 0)).isEqualTo(1);
    bank.read(1, into.asSlice(0, 2));
    assertThat(reads[0]).isEqualTo(2);
  }

  @Test
  void ignoresAndLogsPartialWrite() {
    List<String> log = new ArrayList<>();
    RegisterBank bank = bank(log);
    Register before = bank.register8("A", 3);
    bank.register32("B", 4);

    bank.write(3, DeviceFixture.segment(new byte[] {1, 2, 3}));

    assertThat(before.value()).isZero();
    assertThat(log).containsExactly(
        "test: ignored a write of 3 bytes at 0x3 of BANK: B can only be written as a whole");
  }

  @Test
  void rejectsRegistersThatDoNotFit() {
    RegisterBank bank = bank(new ArrayList<>());
    bank.register32("A", 4);

    assertThatThrownBy(() -> bank.register16("B", 6)).hasMessageContaining("overlaps A");
    assertThatThrownBy(() -> bank.register32("B", 2))
        .hasMessageContaining("a register of 4 bytes cannot be at 0x2");
    assertThatThrownBy(() -> bank.register64("B", SIZE)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> bank.register("B", 0, 3)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> bank.register("B", -4, 4)).isInstanceOf(IllegalArgumentException.class);
  }
}
