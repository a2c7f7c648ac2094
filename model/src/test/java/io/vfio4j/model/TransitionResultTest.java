// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static io.vfio4j.model.DeviceState.PRE_COPY;
import static io.vfio4j.model.DeviceState.RESUMING;
import static io.vfio4j.model.DeviceState.STOP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class TransitionResultTest {

  private final SavingSession saving = new FakeDevice.EmptySavingSession();
  private final ResumingSession resuming = new FakeDevice.DiscardingResumingSession();

  @Test
  void returnsNewSession() {
    assertThat(new TransitionResult(PRE_COPY, Optional.of(saving)).savingSession()).isSameAs(saving);
    assertThat(new TransitionResult(RESUMING, Optional.of(resuming)).resumingSession()).isSameAs(resuming);
  }

  @Test
  void throwsWithoutSession() {
    assertThatIllegalStateException().isThrownBy(new TransitionResult(STOP, Optional.empty())::savingSession)
        .withMessage("no saving session began with the transition to STOP");
    assertThatIllegalStateException()
        .isThrownBy(new TransitionResult(STOP, Optional.empty())::resumingSession)
        .withMessage("no resuming session began with the transition to STOP");
    assertThatIllegalStateException()
        .isThrownBy(new TransitionResult(RESUMING, Optional.of(resuming))::savingSession);
    assertThatIllegalStateException()
        .isThrownBy(new TransitionResult(PRE_COPY, Optional.of(saving))::resumingSession);
  }
}
