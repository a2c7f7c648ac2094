// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.idio16;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.devices.DeviceFixture;
import io.vfio4j.devices.TestClock;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ErrnoException;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class Idio16DeviceTest {

  private static final int BAR = Idio16Layout.REGISTERS_BAR;
  private static final long MILLI = TestClock.MILLI;

  /** Inputs that a test sets. */
  private static final class Wires implements Wiring {
    private int levels;

    @Override
    public int inputs(int outputs) {
      return levels;
    }
  }

  private final Wires wires = new Wires();

  private DeviceFixture<Idio16Device> card(Wiring wiring) throws IOException {
    return DeviceFixture.of(setup -> new Idio16Device(setup, wiring));
  }

  private static int get(DeviceFixture<?> rig, int register) throws ErrnoException {
    return rig.get8(BAR, register);
  }

  private static void set(DeviceFixture<?> rig, int register, int value) throws ErrnoException {
    rig.write(BAR, register, (byte) value);
  }

  private static int inputs(DeviceFixture<?> rig) throws ErrnoException {
    return get(rig, Idio16Layout.IN_LOW) | get(rig, Idio16Layout.IN_HIGH) << 8;
  }

  @Test
  void matchesDriverIds() throws Exception {
    try (var rig = card(Wiring.OPEN)) {
      assertThat(rig.config32(0)).isEqualTo(0x0dc8_494f);
      assertThat(rig.config32(8)).isEqualTo(0x118000_00);
      rig.set32(7, 0x18, -1);
      assertThat(rig.config32(0x18)).isEqualTo(0xfffffff9);
      assertThat(rig.get8(7, 0x3d)).isEqualTo(1);
      assertThat(rig.device.description().irqCounts()).containsExactly(1, 0, 0, 0, 0);
    }
  }

  @Test
  void loopsOutputsToInputs() throws Exception {
    try (var open = card(Wiring.OPEN); var loop = card(Wiring.LOOPBACK)) {
      for (var rig : List.of(open, loop)) {
        set(rig, Idio16Layout.OUT_LOW, 0xa5);
        set(rig, Idio16Layout.OUT_HIGH, 0x3c);
        assertThat(rig.read(BAR, 0, 1)).containsExactly(0xa5);
        assertThat(rig.read(BAR, 4, 1)).containsExactly(0x3c);
      }
      assertThat(inputs(open)).isZero();
      assertThat(inputs(loop)).isEqualTo(0x3ca5);
      loop.device.reset();
      assertThat(inputs(loop)).isZero();
    }
  }

  @Test
  void interruptsOnChangeUntilCleared() throws Exception {
    try (var rig = card(wires)) {
      wires.levels = 1;
      rig.run(10 * MILLI);
      assertThat(get(rig, Idio16Layout.STATUS)).isZero();
      get(rig, Idio16Layout.IRQ);
      assertThat(get(rig, Idio16Layout.STATUS)).isZero();
      wires.levels = 0x100;
      rig.run(10 * MILLI);
      assertThat(rig.bus.interrupts).containsExactly("intx high");
      assertThat(get(rig, Idio16Layout.STATUS)).isEqualTo(7);
      set(rig, Idio16Layout.IN_LOW, 0);
      assertThat(get(rig, Idio16Layout.STATUS)).isZero();
      assertThat(rig.bus.interrupts).containsExactly("intx high", "intx low");
      wires.levels = 0x300;
      rig.run(10 * MILLI);
      assertThat(get(rig, Idio16Layout.STATUS)).isEqualTo(6);
      assertThat(inputs(rig)).isEqualTo(0x300);
    }
  }

  @Test
  void forgetsChangesWhileInterruptDisabled() throws Exception {
    try (var rig = card(Wiring.LOOPBACK)) {
      get(rig, Idio16Layout.IRQ);
      set(rig, Idio16Layout.OUT_LOW, 1);
      set(rig, Idio16Layout.IRQ, 0);
      assertThat(rig.bus.interrupts).containsExactly("intx high", "intx low");
      assertThat(get(rig, Idio16Layout.STATUS)).isEqualTo(1);
      set(rig, Idio16Layout.IN_LOW, 0);
      set(rig, Idio16Layout.OUT_HIGH, 1);
      get(rig, Idio16Layout.IRQ);
      assertThat(get(rig, Idio16Layout.STATUS)).isZero();
      assertThat(rig.bus.interrupts).hasSize(2);
    }
  }

  @Test
  void filtersSuppressShortChanges() throws Exception {
    try (var rig = card(Wiring.LOOPBACK)) {
      get(rig, Idio16Layout.FILTER_ALL);
      get(rig, Idio16Layout.IRQ);
      set(rig, Idio16Layout.OUT_LOW, 0b11);
      rig.run(4 * MILLI);
      set(rig, Idio16Layout.OUT_LOW, 0b10);
      assertThat(inputs(rig)).isZero();
      rig.run(MILLI);
      assertThat(inputs(rig)).isEqualTo(0b10);
      rig.run(20 * MILLI);
      assertThat(inputs(rig)).isEqualTo(0b10);
      assertThat(rig.bus.interrupts).containsExactly("intx high");
      set(rig, Idio16Layout.OUT_HIGH, 1);
      set(rig, Idio16Layout.FILTER_ALL, 0);
      assertThat(inputs(rig)).isEqualTo(0x102);
    }
  }

  @Test
  void setsLowInputFiltersIndividually() throws Exception {
    try (var rig = card(Wiring.LOOPBACK)) {
      set(rig, Idio16Layout.FILTER, 0x0f);
      assertThat(get(rig, Idio16Layout.FILTER)).isEqualTo(0x0f);
      set(rig, Idio16Layout.OUT_LOW, 0x11);
      assertThat(inputs(rig)).isEqualTo(0x10);
      rig.run(5 * MILLI);
      assertThat(inputs(rig)).isEqualTo(0x11);
      get(rig, Idio16Layout.FILTER_ALL);
      assertThat(get(rig, Idio16Layout.FILTER)).isEqualTo(0xff);
      set(rig, Idio16Layout.FILTER, 0x01);
      assertThat(get(rig, Idio16Layout.FILTER)).isEqualTo(0xff);
      set(rig, Idio16Layout.FILTER_ALL, 0);
      assertThat(get(rig, Idio16Layout.FILTER)).isZero();
    }
  }

  @Test
  void migratesRunningFilters() throws Exception {
    try (var rig = card(Wiring.LOOPBACK); var target = card(Wiring.LOOPBACK)) {
      get(rig, Idio16Layout.FILTER_ALL);
      get(rig, Idio16Layout.IRQ);
      set(rig, Idio16Layout.OUT_HIGH, 0x80);
      rig.run(2 * MILLI);
      target.load(rig.saved());
      target.run(100 * MILLI);
      target.device.moveTo(DeviceState.RUNNING);
      target.run(3 * MILLI - 1);
      assertThat(inputs(target)).isZero();
      target.run(1);
      assertThat(inputs(target)).isEqualTo(0x8000);
      assertThat(target.bus.interrupts).containsExactly("intx high");
      assertThat(rig.bus.interrupts).isEmpty();
    }
  }

  @Test
  void reportsDifferentWiringAtTargetAsChange() throws Exception {
    try (var rig = card(Wiring.OPEN); var target = card(wires)) {
      get(rig, Idio16Layout.IRQ);
      byte[] state = rig.saved();
      wires.levels = 4;
      target.load(state);
      assertThat(target.bus.interrupts).isEmpty();
      assertThat(inputs(target)).isZero();
      target.device.moveTo(DeviceState.RUNNING);
      assertThat(inputs(target)).isEqualTo(4);
      assertThat(target.bus.interrupts).containsExactly("intx high");
      wires.levels = 0;
      target.run(10 * MILLI);
      assertThat(inputs(target)).isZero();
    }
  }

  @Test
  void doesNotPollWithStaticWiring() throws Exception {
    try (var rig = card(Wiring.LOOPBACK); var looking = card(wires)) {
      assertThat(rig.runUntilIdle()).isEqualTo(Long.MAX_VALUE);
      assertThat(looking.runUntilIdle()).isEqualTo(looking.clock.now() + 5 * MILLI);
    }
  }
}
