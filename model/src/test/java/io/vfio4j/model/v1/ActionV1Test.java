// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ActionV1Test {

  private static DeviceStateV1 state(int value) {
    return new DeviceStateV1(value);
  }

  @ParameterizedTest
  @CsvSource(delimiter = ';', textBlock = """
      RUNNING;       STOP;           !RUNNING
      RUNNING;       STOP_COPY;      !RUNNING, SAVING|!RUNNING
      RUNNING;       RESUMING;       !RUNNING, RESUMING
      RUNNING;       PRE_COPY;       SAVING|RUNNING
      STOP_COPY;     STOP;           ''
      STOP_COPY;     RUNNING;        RUNNING
      RESUMING;      RUNNING;        !RESUMING, RUNNING
      PRE_COPY;      STOP_COPY;      !RUNNING, SAVING|!RUNNING
      PRE_COPY;      RUNNING;        ''
      STOP_COPY;     RESUMING;       RESUMING
      STOP_COPY;     PRE_COPY;       SAVING|RUNNING, RUNNING
      RESUMING;      STOP_COPY;      !RESUMING, SAVING|!RUNNING
      RESUMING;      PRE_COPY;       !RESUMING, SAVING|RUNNING, RUNNING
      PRE_COPY;      RESUMING;       !RUNNING, RESUMING
      STOP;          RUNNING;        RUNNING
      STOP;          STOP_COPY;      SAVING|!RUNNING
      STOP;          RESUMING;       RESUMING
      STOP;          PRE_COPY;       SAVING|RUNNING, RUNNING
      RESUMING;      STOP;           !RESUMING
      PRE_COPY;      STOP;           !RUNNING
      PRE_COPY;      PRE_COPY+NDMA;  NDMA
      PRE_COPY+NDMA; STOP_COPY;      !RUNNING, SAVING|!RUNNING, !NDMA
      RESUMING;      RUNNING+NDMA;   NDMA, !RESUMING, RUNNING
      RESUMING;      PRE_COPY+NDMA;  !RESUMING, SAVING|RUNNING, NDMA, RUNNING
      RUNNING+NDMA;  RUNNING;        !NDMA
      RUNNING;       PRE_COPY+NDMA;  SAVING|RUNNING, NDMA
      """)
  void splitsWriteIntoActions(String from, String to, String actions) {
    String taken = String.join(", ", ActionV1.of(DeviceStateV1.parse(from), DeviceStateV1.parse(to)).stream()
        .map(ActionV1::toString).toList());

    assertThat(taken).isEqualTo(actions);
  }

  /** The rule again, as conditions that hold after the write and not before. */
  private static List<ActionV1> literal(int from, int to) {
    List<ActionV1> due = new ArrayList<>();
    int begun = to & ~from;
    int ended = from & ~to;
    addIf(due, ActionV1.PRE_COPY, (to & 3) == 3 && (from & 3) != 3);
    addIf(due, ActionV1.STOP_DMA, (begun & 8) != 0);
    addIf(due, ActionV1.STOP, (ended & 1) != 0);
    addIf(due, ActionV1.STOP_COPY, (to & 3) == 2 && (from & 3) != 2);
    addIf(due, ActionV1.OPEN_RESUMING, (begun & 4) != 0);
    addIf(due, ActionV1.LOAD, (ended & 4) != 0);
    addIf(due, ActionV1.RUN, (begun & 1) != 0);
    addIf(due, ActionV1.ALLOW_DMA, (ended & 8) != 0);
    return due;
  }

  private static void addIf(List<ActionV1> actions, ActionV1 action, boolean due) {
    if (due) {
      actions.add(action);
    }
  }

  @Test
  void ordersActionsAsSpecified() {
    for (int from = 0; from < 16; from++) {
      for (int to = 0; to < 16; to++) {
        if (state(from).isWritable(true) && state(to).isWritable(true)) {
          assertThat(ActionV1.inLiteralOrder(state(from), state(to))).as("%d to %d", from, to)
              .isEqualTo(literal(from, to));
        }
      }
    }
  }

  @Test
  void reordersOnlyLoadBeforeCapture() {
    for (int from = 0; from < 16; from++) {
      for (int to = 0; to < 16; to++) {
        if (state(from).isWritable(true) && state(to).isWritable(true)) {
          List<ActionV1> expected = literal(from, to);
          if ((from & 4) != 0 && (to & 2) != 0) {
            expected.remove(ActionV1.LOAD);
            expected.addFirst(ActionV1.LOAD);
          }
          assertThat(ActionV1.of(state(from), state(to))).as("%d to %d", from, to).isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void matchesProtocolOrder() {
    assertThat(List.of(ActionV1.values())).map(ActionV1::toString).containsExactly("SAVING|RUNNING", "NDMA",
        "!RUNNING", "SAVING|!RUNNING", "RESUMING", "!RESUMING", "RUNNING", "!NDMA");
  }
}
