// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.irq;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.EventFd;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Interrupts of a connection that another server had. */
class IrqTableRestoreTest {

  private final IrqTable irqs = new IrqTable(List.of(1, 1, 8), line -> {
    throw new AssertionError(line);
  });

  @ParameterizedTest
  @CsvSource({"false, false, 0", "false, true, 0", "true, true, 0", "true, false, 1"})
  void firesIntxOnceIfHighAndNotMasked(boolean high, boolean masked, int fired) throws Exception {
    try (EventFd intx = EventFd.create()) {
      irqs.intxLevel(high);
      irqs.beginRestore();
      irqs.assign(0, 0, EventFd.of(intx.fd().duplicate()));
      assertThat(intx.drain()).isZero();
      irqs.setIntxMasked(masked);
      assertThat(intx.drain()).isEqualTo(fired);
      assertThat(irqs.isIntxMasked()).isEqualTo(masked || high);
      irqs.intxLevel(true);
      assertThat(intx.drain()).isEqualTo(!high && !masked ? 1 : 0);
      irqs.maskIntx(false);
      assertThat(intx.drain()).isEqualTo(1);
      irqs.clear();
    }
  }

  @Test
  void firesForNextClientAfterRestoreThatFailed() throws Exception {
    try (EventFd intx = EventFd.create()) {
      irqs.intxLevel(true);
      irqs.beginRestore();
      irqs.clear();
      irqs.assign(0, 0, EventFd.of(intx.fd().duplicate()));
      assertThat(intx.drain()).isEqualTo(1);
      irqs.clear();
    }
  }
}
