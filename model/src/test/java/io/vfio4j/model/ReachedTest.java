// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static io.vfio4j.model.DeviceState.PRE_COPY;
import static io.vfio4j.model.DeviceState.RESUMING;
import static io.vfio4j.model.DeviceState.STOP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReachedTest {

  private final SavingSession saving = new FakeDevice.EmptySaving();
  private final ResumingSession resuming = new FakeDevice.DiscardingResuming();

  @Test
  void theSessionThatBeganIsHandedOut() {
    assertThat(new Reached(PRE_COPY, Optional.of(saving)).saving()).isSameAs(saving);
    assertThat(new Reached(RESUMING, Optional.of(resuming)).resuming()).isSameAs(resuming);
  }

  @Test
  void aSessionThatDidNotBeginIsAFaultOfTheDevice() {
    assertThatIllegalStateException().isThrownBy(new Reached(STOP, Optional.empty())::saving)
        .withMessage("no saving session began with the move to STOP");
    assertThatIllegalStateException().isThrownBy(new Reached(STOP, Optional.empty())::resuming)
        .withMessage("no resuming session began with the move to STOP");
    assertThatIllegalStateException().isThrownBy(new Reached(RESUMING, Optional.of(resuming))::saving);
    assertThatIllegalStateException().isThrownBy(new Reached(PRE_COPY, Optional.of(saving))::resuming);
  }
}
