// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.linux.vfio.KernelInterface;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Invalid answers of a driver are reported as protocol errors, and nothing stays open. */
class KernelProtocolErrorsTest {

  private static final int FEATURE_MASK = 0xffff;
  private static final int SET = 1 << 17;
  private static final int PROBE = 1 << 18;
  private static final int MIG_DEVICE_STATE = 2;
  private static final int DMA_LOGGING_START = 6;

  private final ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);

  private static void assertProtocolError(String message, ThrowingCallable call) {
    assertThatExceptionOfType(DeviceException.class).isThrownBy(call)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EPROTO)).withMessageContaining(message);
  }

  private KernelDevice open() throws DeviceException {
    return host.open(KernelInterface.GROUP);
  }

  /** Modifies the answer to setting or getting a feature, but not to probing for it. */
  private void changeFeature(int feature, boolean set, Consumer<MemorySegment> change) {
    host.kernel().changeAnswer(IoctlNumbers.DEVICE_FEATURE, argument -> {
      int flags = argument.get(JAVA_INT, 4);
      boolean isMeant = (flags & FEATURE_MASK) == feature && (flags & PROBE) == 0;
      if (isMeant && ((flags & SET) != 0) == set) {
        change.accept(argument);
      }
    });
  }

  @Test
  void reportsUnknownState() throws Exception {
    try (KernelDevice device = open()) {
      for (int number : new int[] {8, -1, Integer.MIN_VALUE}) {
        changeFeature(MIG_DEVICE_STATE, false, argument -> argument.set(JAVA_INT, 8, number));
        assertProtocolError("unknown device state " + Integer.toUnsignedString(number),
            device::state);
      }
    }
    assertThat(host.kernel().openFiles()).isEmpty();
  }

  @Test
  void reportsMissingSession() throws Exception {
    try (KernelDevice device = open()) {
      changeFeature(MIG_DEVICE_STATE, true, argument -> argument.set(JAVA_INT, 12, -1));
      assertProtocolError("opened no data session", () -> device.moveTo(DeviceState.STOP_COPY));
      assertThat(device.state()).as("the transition was made").isEqualTo(DeviceState.STOP_COPY);
    }
  }

  @Test
  void reportsUnexpectedSession() throws Exception {
    try (KernelDevice device = open()) {
      changeFeature(MIG_DEVICE_STATE, true,
          argument -> argument.set(JAVA_INT, 12, host.kernel().install("data", (request, with, at) -> 0)));
      assertProtocolError("an unexpected data session", () -> device.moveTo(DeviceState.STOP));
      assertThat(host.kernel().openFiles()).as("the unexpected session is closed").doesNotContain("data");
    }
  }

  @Test
  void reportsInvalidLogPageSize() throws Exception {
    try (KernelDevice device = open()) {
      for (long size : new long[] {0, 3, -1}) {
        changeFeature(DMA_LOGGING_START, true, argument -> argument.set(JAVA_LONG, 8, size));
        assertProtocolError("logs in pages of " + Long.toUnsignedString(size) + " bytes",
            () -> device.dmaLog().orElseThrow().start(List.of(new IovaRange(0, 4096)), 4096));
        device.dmaLog().orElseThrow().stop();
      }
    }
  }

  @Test
  void reportsInvalidRegions() throws Exception {
    try (KernelDevice device = open()) {
      assertBadRegion(device, argument -> argument.set(JAVA_LONG, 16, -1));
      assertBadRegion(device, argument -> argument.set(JAVA_LONG, 24, Long.MAX_VALUE));
      assertBadRegion(device, argument -> argument.set(JAVA_INT, 0, 1 << 20));
      assertBadRegion(device, argument -> argument.set(JAVA_INT, 12, 1 << 20));
      assertBadRegion(device, argument -> {
        if (argument.byteSize() > 32) {
          argument.set(JAVA_INT, 36, 32); // a capability chain with a loop
        }
      });
    }
  }

  private void assertBadRegion(KernelDevice device, Consumer<MemorySegment> change) {
    host.kernel().changeAnswer(IoctlNumbers.DEVICE_GET_REGION_INFO, change);
    assertProtocolError("its driver reports an invalid region 0", () -> device.regions().info(0));
  }

  @Test
  void reportsOtherApiVersion() throws Exception {
    host.kernel().answer(IoctlNumbers.GET_API_VERSION, 7, 1);

    assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> open().close())
        .withMessageContaining("unsupported VFIO version 7 (expected 0)");
    assertThat(host.kernel().openFiles()).isEmpty();
  }

  /** A device must be in RUNNING after a reset; otherwise it must not be used. */
  @Test
  void reportsWrongStateAfterReset() throws Exception {
    try (KernelDevice device = open()) {
      changeFeature(MIG_DEVICE_STATE, false,
          argument -> argument.set(JAVA_INT, 8, DeviceState.STOP.wireValue()));
      assertThatExceptionOfType(DeviceException.class).isThrownBy(device::reset)
          .withMessageContaining("it is in STOP after a reset, not in RUNNING");
    }
  }

  @Test
  void reportsMissingResetCapability() throws Exception {
    host.kernel().changeAnswer(IoctlNumbers.DEVICE_GET_INFO, argument -> argument.set(JAVA_INT, 4, 2));
    try (KernelDevice device = open()) {
      device.reset();
      host.kernel().fail(IoctlNumbers.DEVICE_RESET, Errno.ENOTTY, 1);
      assertThatExceptionOfType(DeviceException.class).isThrownBy(device::reset)
          .withMessageEndingWith("its driver does not announce that it can reset the device");
    }
  }
}
