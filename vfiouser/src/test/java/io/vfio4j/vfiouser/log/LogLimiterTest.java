// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LogLimiterTest {

  private final List<String> lines = new ArrayList<>();
  private final AtomicLong now = new AtomicLong(77);
  private final LogLimiter limiter = new LogLimiter((level, line) -> lines.add(level + " " + line), now::get);

  private void ignoredWrites(int count) {
    for (int i = 0; i < count; i++) {
      limiter.log(LogLevel.INFO, "ignored a write of 2 bytes at 0x%x".formatted(i));
    }
  }

  @Test
  void boundsLinesOfOneKind() {
    ignoredWrites(100_000);
    assertThat(lines).hasSize(LogLimiter.BURST).first().isEqualTo("INFO ignored a write of 2 bytes at 0x0");

    limiter.log(LogLevel.WARNING, "another kind");
    assertThat(lines).hasSize(LogLimiter.BURST + 1).last().isEqualTo("WARNING another kind");
  }

  @Test
  void ignoresValuesOfFields() {
    for (int i = 0; i < LogLimiter.BURST; i++) {
      limiter.log(LogLevel.INFO, "DEVICE_FEATURE (flags=MIG_DEVICE_STATE|set, state=STOP) refused");
    }
    for (String flags : List.of("MIGRATION|get", "MIG_DEVICE_STATE|get|set|0x80000", "feature 9",
        "feature 1234|get|probe|0x80000")) {
      for (String state : List.of("RESUMING", "0xff", "0")) {
        limiter.log(LogLevel.INFO, "DEVICE_FEATURE (flags=%s, state=%s) refused".formatted(flags, state));
      }
    }
    assertThat(lines).hasSize(LogLimiter.BURST);

    limiter.log(LogLevel.INFO, "DEVICE_FEATURE (flags=MIGRATION|get) refused");
    limiter.log(LogLevel.INFO, "DEVICE_FEATURE (flags=MIGRATION|get) refused: another reason");
    assertThat(lines).hasSize(LogLimiter.BURST + 2);
  }

  @Test
  void countsSuppressedLines() {
    ignoredWrites(100_000);
    now.addAndGet(LogLimiter.INTERVAL.toNanos());
    ignoredWrites(1);
    assertThat(lines).hasSize(LogLimiter.BURST + 1).last()
        .isEqualTo("INFO ignored a write of 2 bytes at 0x0 (99,990 similar lines suppressed)");

    ignoredWrites(3);
    limiter.flush();
    assertThat(lines).hasSize(LogLimiter.BURST + 2).last()
        .isEqualTo("INFO suppressed 3 lines like: ignored a write of 2 bytes at 0x2");
    limiter.flush();
    assertThat(lines).hasSize(LogLimiter.BURST + 2);
  }

  @Test
  void reportsSuppressedLinesOncePerInterval() {
    ignoredWrites(100);
    limiter.report();
    assertThat(lines).hasSize(LogLimiter.BURST + 1).last()
        .isEqualTo("INFO suppressed 90 lines like: ignored a write of 2 bytes at 0x63");

    ignoredWrites(100);
    limiter.report();
    assertThat(lines).as("neither another report nor a reset").hasSize(LogLimiter.BURST + 1);
    now.addAndGet(LogLimiter.INTERVAL.toNanos());
    limiter.report();
    assertThat(lines).hasSize(LogLimiter.BURST + 2).last()
        .isEqualTo("INFO suppressed 100 lines like: ignored a write of 2 bytes at 0x63");
  }

  @Test
  void evictsIdleKinds() {
    for (int i = 0; i < 1_000; i++) {
      limiter.log(LogLevel.INFO, "x".repeat(i));
    }
    now.addAndGet(LogLimiter.INTERVAL.toNanos());
    limiter.report();
    now.addAndGet(LogLimiter.INTERVAL.multipliedBy(LogLimiter.BURST).toNanos());
    lines.clear();

    ignoredWrites(1_000);
    limiter.log(LogLevel.INFO, "another kind");
    assertThat(lines).hasSize(LogLimiter.BURST + 1).last().isEqualTo("INFO another kind");
  }

  @Test
  void boundsNumberOfKinds() {
    for (int i = 0; i < 100_000; i++) {
      limiter.log(LogLevel.INFO, "x".repeat(i % 5_000));
    }
    assertThat(lines).hasSizeLessThan(3_000);
  }
}
