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

/** Who watches a migration does not harm it, and what fails after it is done does not change what the command says. */
class MigrationMonitorTest {

  private final StringWriter err = new StringWriter();
  private final Output output = new Output(new PrintWriter(err), new PrintWriter(err), true, false);
  private final List<String> told = new ArrayList<>();

  private final Watcher failing = new Watcher() {
    @Override
    public void onNotStarted(Throwable failure) {
      told.add("not begun");
    }

    @Override
    public void on(MigrationEvent event) {
      throw new AssertionError("nothing happens");
    }

    @Override
    public void close() {
      throw new IllegalStateException("nor ever");
    }
  };

  private final Watcher other = new Watcher() {
    @Override
    public void on(MigrationEvent event) {
      throw new AssertionError("nothing happens");
    }

    @Override
    public void close() {
      told.add("closed");
    }
  };

  @Test
  void warnsOfFailureAfterSettlement() throws Exception {
    try (MigrationMonitor watching = new MigrationMonitor(List.of(failing, other), output)) {
      int code = watching.run(() -> {
        watching.commitExitCode(ExitCodes.WORKLOAD_PAUSED);
        throw new IOException("munmap: EINVAL");
      });
      assertThat(code).isEqualTo(ExitCodes.WORKLOAD_PAUSED);
    }
    assertThat(told).containsExactly("closed");
    assertThat(err.toString()).contains("done, but something failed afterwards: munmap: EINVAL", "nor ever");
  }

  @Test
  void propagatesFailureBeforeSettlement() {
    try (MigrationMonitor watching = new MigrationMonitor(List.of(failing), output)) {
      assertThatIOException().isThrownBy(() -> watching.run(() -> {
        throw new IOException("no such device");
      }));
    }
    assertThat(told).containsExactly("not begun");
  }
}
