// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DevicePacerTest {

  private static final long BEGIN = 17;

  private final TestClock outer = new TestClock();
  private final RunningClock clock = new RunningClock(outer);
  private final DeviceContext context = new DeviceContext(DeviceSetup.named("test"));
  private long events;
  private long most = Long.MAX_VALUE;
  private Runnable duringEvent = () -> {
  };
  private final DevicePacer pacer = new DevicePacer(context, "pacer", clock, () -> {
    duringEvent.run();
    return ++events < most;
  });

  private void start(long rate) {
    context.attach();
    clock.setRunning(true);
    outer.advance(BEGIN);
    pacer.rate(rate);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 999, 1000, 10_000, 1_000_000})
  void keepsRateWithFewWakeUps(int rate) {
    start(rate);
    long wakeUps = 0;
    for (long now = BEGIN; now <= BEGIN + 10 * TestClock.SECOND; wakeUps++) {
      long before = events;
      now = pacer.runDue(now);
      assertThat(events - before).isBetween(0L, (long) DevicePacer.MAX_BATCH);
    }
    assertThat(events).isEqualTo(10L * rate);
    assertThat(wakeUps).isLessThanOrEqualTo(10_001);
  }

  @Test
  void stopsWhenEventReturnsFalse() {
    most = 5;
    start(1000);
    assertThat(pacer.runDue(BEGIN + TestClock.SECOND)).isEqualTo(Long.MAX_VALUE);
    assertThat(events).isEqualTo(5);
    assertThat(pacer.rate()).isZero();
  }

  /** As with memory by message: the device's thread must handle messages even if it cannot keep the rate. */
  @Test
  void endsBatchOfSlowEvents() {
    start(1000);
    outer.advance(50 * TestClock.MILLI);
    duringEvent = () -> outer.advance(3 * TestClock.MILLI);
    long now = clock.now();
    assertThat(pacer.runDue(now)).as("more is due").isEqualTo(now);
    assertThat(events).isEqualTo(1);
    duringEvent = () -> {
    };
    pacer.runDue(clock.now());
    assertThat(events).as("those that were due then, and while the first took place").isEqualTo(53);
  }

  @Test
  void endsBatchWhenEventStopsIt() {
    start(1000);
    outer.advance(50 * TestClock.MILLI);
    duringEvent = () -> pacer.rate(0);
    assertThat(pacer.runDue(clock.now())).isEqualTo(Long.MAX_VALUE);
    assertThat(events).isEqualTo(1);
  }

  @Test
  void continuesAtRateSetDuringEvent() {
    start(1000);
    outer.advance(50 * TestClock.MILLI);
    duringEvent = () -> pacer.rate(100);
    pacer.runDue(clock.now());
    duringEvent = () -> {
    };
    for (int i = 0; i < 100; i++) {
      outer.advance(10 * TestClock.MILLI);
      pacer.runDue(clock.now());
    }
    assertThat(events).isEqualTo(1 + 100);
  }

  @Test
  void limitsRateTo32Bits() {
    context.attach();
    pacer.rate(0xffff_ffffL);
    assertThatThrownBy(() -> pacer.rate(1L << 32)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> pacer.rate(-1)).isInstanceOf(IllegalArgumentException.class);
  }
}
