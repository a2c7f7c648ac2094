// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Accesses to a task during one of its steps, which occur while the step waits for opaque memory. */
class DmaTaskTest {

  private final List<String> done = new ArrayList<>();
  private Runnable duringStep = () -> {
  };
  private boolean more;
  private final DmaTask task = new DmaTask("task", DmaRange.ANYWHERE, () -> {
    done.add("piece");
    duringStep.run();
    return more;
  });

  @Test
  void reportsBusyDuringPiece() {
    duringStep = () -> done.add("busy " + task.isBusy());
    task.start();
    task.runStep();

    assertThat(done).containsExactly("piece", "busy true");
    assertThat(task.isBusy()).isFalse();
  }

  @Test
  void doesNotNestSteps() {
    duringStep = () -> {
      task.runStep();
      task.finish();
    };
    task.start();
    task.runStep();

    assertThat(done).containsExactly("piece");
  }

  @Test
  void runsWorkStartedDuringLastStep() {
    duringStep = task::start;
    task.start();
    task.runStep();

    assertThat(task.isBusy()).isTrue();
  }

  @Test
  void stopsWhenCancelledOrResetDuringStep() {
    more = true;
    for (Runnable end : List.<Runnable>of(task::cancel, task::reset)) {
      duringStep = end;
      task.start();
      task.runStep();

      assertThat(task.isBusy()).isFalse();
    }
  }

  @Test
  void runsStepByStep() {
    more = true;
    task.start();
    task.runStep();
    assertThat(task.isBusy()).isTrue();

    more = false;
    task.runStep();
    assertThat(task.isBusy()).isFalse();
    assertThat(done).containsExactly("piece", "piece");
  }
}
