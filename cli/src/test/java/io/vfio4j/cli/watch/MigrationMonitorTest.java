// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Output;
import io.vfio4j.engine.MigrationEvent;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A failing watcher does not affect a migration, and a failure after it is done does not change the exit code. */
class MigrationMonitorTest {

  private final StringWriter err = new StringWriter();
  private final Output output = new Output(new PrintWriter(err), new PrintWriter(err), true, false);
  private final List<String> calls = new ArrayList<>();

  private final Watcher failing = new Watcher() {
    @Override
    public void onNotStarted(Throwable failure) {
      calls.add("not started");
    }

    @Override
    public void on(MigrationEvent event) {
      throw new AssertionError("no events expected");
    }

    @Override
    public void close() {
      throw new IllegalStateException("cannot close");
    }
  };

  private final Watcher other = new Watcher() {
    @Override
    public void on(MigrationEvent event) {
      throw new AssertionError("no events expected");
    }

    @Override
    public void close() {
      calls.add("closed");
    }
  };

  @Test
  void warnsOfFailureAfterCommit() throws Exception {
    try (MigrationMonitor monitor = new MigrationMonitor(List.of(failing, other), output)) {
      int code = monitor.run(() -> {
        monitor.commitExitCode(ExitCodes.WORKLOAD_PAUSED);
        throw new IOException("munmap: EINVAL");
      });
      assertThat(code).isEqualTo(ExitCodes.WORKLOAD_PAUSED);
    }
    assertThat(calls).containsExactly("closed");
    assertThat(err.toString()).contains("done, but a later step failed: munmap: EINVAL", "cannot close");
  }

  @Test
  void propagatesFailureBeforeCommit() {
    try (MigrationMonitor monitor = new MigrationMonitor(List.of(failing), output)) {
      assertThatIOException().isThrownBy(() -> monitor.run(() -> {
        throw new IOException("no such device");
      }));
    }
    assertThat(calls).containsExactly("not started");
  }
}
