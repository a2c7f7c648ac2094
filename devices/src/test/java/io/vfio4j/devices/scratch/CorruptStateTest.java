// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.TransitionException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class CorruptStateTest {

  private static final int RECORD = StateRecords.RECORD_HEADER_BYTES;

  private static byte[] stateOf(int pages) throws Exception {
    try (ScratchFixture source = ScratchFixture.withPages(pages)) {
      source.write(2, 0, (byte) 1, (byte) 2, (byte) 3);
      return source.saved();
    }
  }

  /** Writes a state and checks that it is refused with an errno, after which the device must be reset. */
  private static void assertRefused(ScratchFixture target, byte[] state, Errno errno) throws Exception {
    ResumingSession resuming = target.resume();
    assertThatThrownBy(() -> resuming.write(ScratchFixture.segment(state))).isInstanceOfSatisfying(
        DeviceException.class,
        e -> assertThat(e.errno()).as(e.getMessage()).isEqualTo(errno));
    assertThatThrownBy(() -> resuming.write(ScratchFixture.segment(state))).isInstanceOfSatisfying(
        DeviceException.class,
        e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
    assertThatThrownBy(() -> target.device.moveTo(DeviceState.STOP)).isInstanceOfSatisfying(
        TransitionException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
    assertThat(target.device.state()).isEqualTo(DeviceState.RESUMING);
    target.device.reset();
    assertThat(target.memory()).containsOnly(0);
  }

  @Test
  void detectsEveryCorruptByte() throws Exception {
    byte[] state = stateOf(1);
    try (ScratchFixture target = ScratchFixture.withPages(1)) {
      for (int at = 0; at < state.length; at++) {
        byte[] damaged = state.clone();
        damaged[at] ^= (byte) (1 << at % 8);
        assertRefused(target, damaged, at < 32 ? Errno.EINVAL : Errno.EBADMSG);
      }
    }
  }

  @Test
  void detectsEveryCorruptByteInSmallWrites() throws Exception {
    byte[] state = stateOf(1);
    try (ScratchFixture target = ScratchFixture.withPages(1)) {
      for (int at = 0; at < state.length; at += 13) {
        byte[] damaged = state.clone();
        damaged[at] ^= 0x10;
        ResumingSession resuming = target.resume();
        assertThatThrownBy(() -> {
          for (int from = 0; from < damaged.length; from += 7) {
            resuming
                .write(ScratchFixture
                    .segment(Arrays.copyOfRange(damaged, from, Math.min(damaged.length, from + 7))));
          }
          target.device.moveTo(DeviceState.STOP);
        }).isInstanceOf(DeviceException.class);
        assertThat(target.device.state()).isEqualTo(DeviceState.RESUMING);
        target.device.reset();
      }
    }
  }

  @Test
  void rejectsWrongHeader() throws Exception {
    try (ScratchFixture target = ScratchFixture.withPages(1)) {
      assertRefused(target, header(0, "NOTMAGIC".getBytes(java.nio.charset.StandardCharsets.US_ASCII)),
          Errno.EINVAL);
      assertRefused(target, header(8, new byte[] {2}), Errno.EINVAL);
      assertRefused(target, header(12, new byte[] {33}), Errno.EINVAL);
      assertRefused(target, Arrays.copyOf(stateOf(2), 32), Errno.EINVAL);
      assertRefused(target, new byte[32], Errno.EINVAL);
    }
  }

  /** Returns a header with modified bytes and a valid checksum. */
  private static byte[] header(int at, byte[] bytes) throws Exception {
    ByteBuffer header = ByteBuffer.wrap(Arrays.copyOf(stateOf(1), 32)).order(ByteOrder.LITTLE_ENDIAN);
    header.put(at, bytes);
    return StateRecords.withChecksum(header.array());
  }

  @Test
  void rejectsDataAfterEnd() throws Exception {
    byte[] state = stateOf(1);
    try (ScratchFixture target = ScratchFixture.withPages(1)) {
      assertRefused(target, Arrays.copyOf(state, state.length + 1), Errno.EINVAL);
      ResumingSession resuming = target.resume();
      resuming.write(ScratchFixture.segment(state));
      assertThatThrownBy(() -> resuming.write(ScratchFixture.segment((byte) 0)))
          .hasMessageContaining("EINVAL");
      assertThatThrownBy(() -> target.device.moveTo(DeviceState.STOP)).hasMessageContaining("EINVAL");
    }
  }

  @Test
  void rejectsMissingDuplicateOrReorderedRecords() throws Exception {
    byte[] state = stateOf(33);
    int full = RECORD + 16 * 4096;
    byte[] header = Arrays.copyOf(state, 32);
    byte[] first = Arrays.copyOfRange(state, 32, 32 + full);
    byte[] second = Arrays.copyOfRange(state, 32 + full, 32 + 2 * full);
    byte[] rest = Arrays.copyOfRange(state, 32 + 2 * full, state.length);
    try (ScratchFixture target = ScratchFixture.withPages(33)) {
      assertRefused(target, join(header, second, first, rest), Errno.EBADMSG);
      assertRefused(target, join(header, first, rest), Errno.EBADMSG);
      assertRefused(target, join(header, first, first, rest), Errno.EBADMSG);
      target.load(join(header, first, second, rest));
    }
  }

  @Test
  void rejectsRecordsBeyondMemory() throws Exception {
    try (ScratchFixture target = ScratchFixture.withPages(2)) {
      byte[] header = Arrays.copyOf(stateOf(2), 32);
      for (long offset : new long[] {4096, 8192, -4096, 1, Long.MAX_VALUE & -4096}) {
        assertRefused(target, join(header, StateRecords.record(StateRecords.MEMORY, new byte[4096], offset)),
            Errno.EBADMSG);
      }
      for (int length : new int[] {0, 1, 4095, 3 * 4096}) {
        assertRefused(target, join(header, StateRecords.record(StateRecords.MEMORY, new byte[length], 0)),
            Errno.EBADMSG);
      }
      assertRefused(target, join(header, StateRecords.record(StateRecords.END, new byte[0], 0)),
          Errno.EBADMSG);
      assertRefused(target, join(header, StateRecords.record(StateRecords.REGISTERS, new byte[136], 0)),
          Errno.EBADMSG);
      assertRefused(target, join(header, StateRecords.record(4, new byte[0], 0)), Errno.EBADMSG);
      byte[] huge = StateRecords.record(StateRecords.MEMORY, new byte[4096], 0);
      ByteBuffer.wrap(huge).order(ByteOrder.LITTLE_ENDIAN).putInt(StateRecords.RECORD_LENGTH, 0x7ffff000);
      assertRefused(target, join(header, huge), Errno.EBADMSG);
    }
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }
}
