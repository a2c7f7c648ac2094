// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static io.vfio4j.model.DeviceState.ERROR;
import static io.vfio4j.model.DeviceState.RUNNING;
import static io.vfio4j.model.DeviceState.STOP;
import static io.vfio4j.model.DeviceState.STOP_COPY;
import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.TransitionException.FailureEffect;
import org.junit.jupiter.api.Test;

class DeviceExceptionsTest {

  private static TransitionException transitionFailure(DeviceState from, DeviceState reached) {
    return new TransitionException("nvme0", from, STOP_COPY, Errno.EIO, reached, null);
  }

  @Test
  void describesUnchangedState() {
    assertThat(transitionFailure(RUNNING, RUNNING))
        .hasMessage("nvme0: transition from RUNNING to STOP_COPY failed: "
            + "EIO (input/output error); it is in RUNNING, nothing changed");
    assertThat(transitionFailure(RUNNING, RUNNING).effect()).isEqualTo(FailureEffect.UNCHANGED);
  }

  @Test
  void describesIntermediateState() {
    assertThat(transitionFailure(RUNNING, STOP))
        .hasMessage("nvme0: transition from RUNNING to STOP_COPY failed: "
            + "EIO (input/output error); it is in STOP, it can go back or be reset");
    assertThat(transitionFailure(RUNNING, STOP).effect()).isEqualTo(FailureEffect.MID_PATH);
  }

  @Test
  void describesErrorState() {
    assertThat(transitionFailure(RUNNING, ERROR))
        .hasMessage("nvme0: transition from RUNNING to STOP_COPY failed: "
            + "EIO (input/output error); it is in ERROR, it must be reset, losing its state");
    assertThat(transitionFailure(RUNNING, ERROR).effect()).isEqualTo(FailureEffect.MUST_RESET);
    assertThat(transitionFailure(ERROR, ERROR).effect()).isEqualTo(FailureEffect.MUST_RESET);
  }

  @Test
  void exposesTransitionDetails() {
    TransitionException failure = transitionFailure(RUNNING, STOP);

    assertThat(failure.device()).isEqualTo("nvme0");
    assertThat(failure.action()).isEqualTo("move from RUNNING to STOP_COPY");
    assertThat(failure.errno()).isEqualTo(Errno.EIO);
    assertThat(failure.from()).isEqualTo(RUNNING);
    assertThat(failure.target()).isEqualTo(STOP_COPY);
    assertThat(failure.reached()).isEqualTo(STOP);
  }

  @Test
  void describesRefusedRequest() {
    assertThat(new DeviceException("nvme0", "reset", Errno.EBUSY))
        .hasMessage("nvme0: reset: EBUSY (device or resource busy)");
  }

  @Test
  void distinguishesLostDevice() {
    assertThat(new DeviceLostException("nvme0", "reset", Errno.ECONNRESET, "its server died", null))
        .hasMessage("nvme0 is lost: reset: its server died");
  }

  @Test
  void carriesReasonAndErrnoOfArc() {
    ArcException failure = new ArcException(Errno.EBADMSG, true, "the header is wrong");

    assertThat(failure).hasMessage("the header is wrong: EBADMSG (bad message)");
    assertThat(failure.entersError()).isTrue();
  }
}
