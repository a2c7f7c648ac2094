// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import java.io.IOException;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class DeclaredStateTest {

  private static final int HEADER = 32;

  /** A device that has only fields. */
  private static final class Fields extends PciDevice {
    private final Supplier<Errno> verdict;

    Fields(DeviceSetup setup, int device, int version, Supplier<Errno> verdict, Consumer<Fields> declare) {
      super("fields", PciIds.of(0x1234, device), setup);
      this.verdict = verdict;
      stateVersion(version);
      declare.accept(this);
    }

    StateField add(String name) {
      return field(name);
    }

    @Override
    protected void onLoaded() throws ErrnoException {
      Errno errno = verdict.get();
      if (errno != null) {
        throw new ErrnoException(errno, "as the test wants");
      }
    }
  }

  private static DeviceFixture<Fields> fields(Consumer<Fields> declare) throws IOException {
    return DeviceFixture.of(setup -> new Fields(setup, 1, 1, () -> null, declare));
  }

  private static void fill(DeviceFixture<TestPciDevice> rig) throws ErrnoException {
    rig.set64(0, TestPciDevice.VALUE, 0x1122334455667788L);
    rig.write(TestPciDevice.PORTS, 1, (byte) 0x42);
    rig.device.field.set(-5);
    rig.device.bytes[4] = 9;
    rig.device.hidden.putLong(MemorySpec.PAGE_SIZE, 77);
    for (int page = 0; page < TestPciDevice.MEMORY_PAGES; page++) {
      rig.write(TestPciDevice.MEMORY, (long) page * MemorySpec.PAGE_SIZE, (byte) (page + 1));
    }
  }

  private static void assertFilled(DeviceFixture<TestPciDevice> rig) throws ErrnoException {
    assertThat(rig.get64(0, TestPciDevice.VALUE)).isEqualTo(0x1122334455667788L);
    assertThat(rig.get8(TestPciDevice.PORTS, 1)).isEqualTo(0x42);
    assertThat(rig.device.field.value()).isEqualTo(-5);
    assertThat(rig.device.bytes).containsExactly(0, 0, 0, 0, 9);
    assertThat(rig.device.hidden.getLong(MemorySpec.PAGE_SIZE)).isEqualTo(77);
    for (int page = 0; page < TestPciDevice.MEMORY_PAGES; page++) {
      assertThat(rig.get8(TestPciDevice.MEMORY, page * MemorySpec.PAGE_SIZE)).isEqualTo(page + 1);
    }
  }

  @Test
  void migratesDeclaredState() throws Exception {
    for (int most : new int[] {1, 7, 4096, 4120, 1 << 20}) {
      try (var rig = DeviceFixture.of(TestPciDevice::new);
          var target = DeviceFixture.of(TestPciDevice::new)) {
        fill(rig);
        long announced = rig.device.stopCopyLength().orElseThrow();
        SavingSession session = rig.save(DeviceState.STOP_COPY);
        byte[] state = DeviceFixture.drain(session, most);
        ResumingSession resuming = target.resume();
        for (int at = 0; at < state.length; at += most) {
          resuming
              .write(DeviceFixture.segment(Arrays.copyOfRange(state, at, Math.min(state.length, at + most))));
        }
        target.device.moveTo(DeviceState.RUNNING);
        assertFilled(target);
        assertThat(target.device.loads).isEqualTo(1);
        assertThat(announced).isBetween((long) state.length * 99 / 100, (long) state.length);
      }
    }
  }

  @Test
  void resendsPagesDirtiedBehindSweep() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new); var target = DeviceFixture.of(TestPciDevice::new)) {
      SavingSession session = rig.save(DeviceState.PRE_COPY);
      byte[] first = DeviceFixture.drain(session, 1 << 20);
      fill(rig);
      assertThat(session.preCopyInfo().orElseThrow().dirtyBytes()).isEqualTo(4 * MemorySpec.PAGE_SIZE);
      rig.device.moveTo(DeviceState.STOP_COPY);
      byte[] rest = DeviceFixture.drain(session, 1 << 20);
      ResumingSession resuming = target.resume();
      resuming.write(DeviceFixture.segment(first));
      resuming.write(DeviceFixture.segment(rest));
      target.device.moveTo(DeviceState.STOP);
      assertFilled(target);
    }
  }

  @Test
  void detectsEveryCorruptByte() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new); var target = DeviceFixture.of(TestPciDevice::new)) {
      fill(rig);
      byte[] state = rig.saved();
      RandomSeeds.each(400, random -> {
        byte[] damaged = state.clone();
        int at = random.nextInt(10) == 0 ? random.nextInt(HEADER) : random.nextInt(state.length);
        damaged[at] ^= (byte) (1 << random.nextInt(8));
        DeviceException refusal = catchThrowableOfType(DeviceException.class,
            () -> target.resume().write(DeviceFixture.segment(damaged)));
        if (at < HEADER) {
          assertThat(refusal.errno()).isEqualTo(Errno.EINVAL);
        } else if (refusal != null) { // A length that is larger now shows when the rest does not come.
          assertThat(refusal.errno()).isEqualTo(Errno.EBADMSG);
        }
        assertThatThrownBy(() -> target.device.moveTo(DeviceState.STOP))
            .isInstanceOf(TransitionException.class);
        target.device.reset();
        assertThat(target.device.field.value()).isEqualTo(7);
        assertThat(target.get8(TestPciDevice.MEMORY, 0)).isZero();
      });
    }
  }

  @Test
  void rejectsTruncatedState() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new); var target = DeviceFixture.of(TestPciDevice::new)) {
      byte[] state = rig.saved();
      RandomSeeds.each(100, random -> {
        target.resume().write(DeviceFixture.segment(Arrays.copyOf(state, random.nextInt(state.length))));
        assertThatThrownBy(() -> target.device.moveTo(DeviceState.RUNNING))
            .asInstanceOf(type(TransitionException.class)).extracting(TransitionException::errno)
            .isEqualTo(Errno.EINVAL);
        target.device.reset();
      });
    }
  }

  @Test
  void rejectsStateOfAnotherDevice() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new);
        var other = DeviceFixture.of(setup -> new Fields(setup, 2, 1, () -> null, device -> {
        }));
        var newer = DeviceFixture.of(setup -> new Fields(setup, 2, 3, () -> null, device -> {
        }))) {
      byte[] state = newer.saved();
      assertRefused(other, state, Errno.EINVAL, "version 3, this device has version 1");
      assertRefused(rig, state, Errno.EINVAL, "not the state of a device of this kind");
    }
  }

  private static void assertRefused(DeviceFixture<?> rig, byte[] state, Errno errno, String words) {
    assertThatThrownBy(() -> rig.resume().write(DeviceFixture.segment(state))).hasMessageContaining(words)
        .asInstanceOf(type(DeviceException.class)).extracting(DeviceException::errno).isEqualTo(errno);
    rig.device.reset();
  }

  @Test
  void rejectsUnknownItemsUnlessOptional() throws Exception {
    try (var one = fields(device -> device.add("a").set(1));
        var more = fields(device -> {
          device.add("b").set(2);
          device.add("a").set(3);
        });
        var optional = fields(device -> {
          device.add("b").resetsTo(5).optional();
          device.add("a").set(4);
        })) {
      byte[] small = one.saved();
      assertRefused(one, more.saved(), Errno.EINVAL, "has 'b', which this device does not know");
      more.device.reset();
      assertRefused(more, small, Errno.EINVAL, "lacks 'b', which this device needs");
      one.load(optional.saved());
      one.device.reset();
      optional.load(small);
    }
  }

  @Test
  void rejectsValueRefusedByDevice() throws Exception {
    try (var rig =
        DeviceFixture.of(setup -> new Fields(setup, 1, 1, () -> Errno.ERANGE, device -> device.add("a")))) {
      byte[] state = rig.saved();
      rig.device.reset();
      rig.resume().write(DeviceFixture.segment(state));
      assertThatThrownBy(() -> rig.device.moveTo(DeviceState.RUNNING))
          .asInstanceOf(type(TransitionException.class)).extracting(TransitionException::errno)
          .isEqualTo(Errno.ERANGE);
      assertThat(rig.device.state()).isEqualTo(DeviceState.RESUMING);
      assertThatThrownBy(() -> rig.device.moveTo(DeviceState.STOP)).isInstanceOf(TransitionException.class);
    }
  }

  @Test
  void requiresUniqueShortNames() {
    assertThatThrownBy(() -> fields(device -> {
      device.add("a");
      device.add("a");
    })).hasMessageContaining("two items of the state are named a");
    assertThatThrownBy(() -> fields(device -> device.add("x".repeat(256))))
        .hasMessageContaining("1 to 255 bytes");
  }
}
