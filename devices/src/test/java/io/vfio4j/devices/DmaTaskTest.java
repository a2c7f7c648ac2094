// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What happens to a task while a piece of it is being done: a piece that waits for memory is not alone. */
class DmaTaskTest {

  private final List<String> done = new ArrayList<>();
  private Runnable meanwhile = () -> {
  };
  private boolean more;
  private final DmaTask task = new DmaTask("task", DmaRange.ANYWHERE, () -> {
    done.add("piece");
    meanwhile.run();
    return more;
  });

  @Test
  void isBusyWhileAPieceIsBeingDone() {
    meanwhile = () -> done.add("busy " + task.isBusy());
    task.start();
    task.step();

    assertThat(done).containsExactly("piece", "busy true");
    assertThat(task.isBusy()).isFalse();
  }

  @Test
  void aPieceIsNotBegunWithinAPiece() {
    meanwhile = () -> {
      task.step();
      task.finish();
    };
    task.start();
    task.step();

    assertThat(done).containsExactly("piece");
  }

  @Test
  void whatIsStartedWithinTheLastPieceIsDone() {
    meanwhile = task::start;
    task.start();
    task.step();

    assertThat(task.isBusy()).isTrue();
  }

  @Test
  void whatIsCancelledOrResetWithinAPieceDoesNotGoOn() {
    more = true;
    for (Runnable end : List.<Runnable>of(task::cancel, task::reset)) {
      meanwhile = end;
      task.start();
      task.step();

      assertThat(task.isBusy()).isFalse();
    }
  }

  @Test
  void goesOnPieceByPiece() {
    more = true;
    task.start();
    task.step();
    assertThat(task.isBusy()).isTrue();

    more = false;
    task.step();
    assertThat(task.isBusy()).isFalse();
    assertThat(done).containsExactly("piece", "piece");
  }
}
